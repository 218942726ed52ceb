"""Shares, intervals and class names as parts of a sentence."""

from decimal import ROUND_HALF_UP, Decimal

__all__ = [
    "bracketed",
    "images_of",
    "one_is",
    "p_text",
    "percent",
    "points",
    "quoted",
    "score_text",
    "share",
    "signed",
    "times",
]

LONGEST_NAME = 40


def quoted(name: str) -> str:
    """A class name for a sentence: shortened, and isolated so that right-to-left text disturbs nothing else."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short if short.isascii() else f"\u2068{short}\u2069"


def images_of(name: str) -> str:
    """All images of a class.

    Examples
    --------
    >>> images_of("5"), images_of("Shirt")
    ('the 5s', 'the images of Shirt')
    """
    return f"the {name}s" if name.isascii() and name.isdecimal() else f"the images of {quoted(name)}"


def percent(share: float) -> str:
    """A share that somebody chose, with no digit more or less than they gave.

    Examples
    --------
    >>> percent(0.9), percent(0.975), percent(0.9999)
    ('90%', '97.5%', '99.99%')
    """
    return f"{100 * share:.10g}%"


def share(value: float, digits: int = 1) -> str:
    """A measured share, a half rounded up; 0% and 100% are said only of none and of all.

    Examples
    --------
    >>> share(0.1034), share(0.0002), share(0.99996), share(0.0), share(1.0), share(0.90965, 2)
    ('10.3%', '0.02%', '99.996%', '0%', '100%', '90.97%')
    >>> share(1e-9)
    '0.0000001%'
    """
    if value in (0, 1):
        return f"{100 * value:.0f}%"
    exact = Decimal(repr(round(100 * float(value), 9)))
    for more in range(digits, 9):
        rounded = exact.quantize(Decimal(1).scaleb(-more), ROUND_HALF_UP)
        if 0 < rounded < 100:
            break
    return f"{rounded:f}%"


def times(count: int) -> str:
    """How often.

    Examples
    --------
    >>> times(1), times(4_989)
    ('1 time', '4,989 times')
    """
    return f"{count:,} time{'s' if count != 1 else ''}"


def one_is(count: int) -> str:
    """The verb of so many.

    Examples
    --------
    >>> one_is(1), one_is(12)
    ('is', 'are')
    """
    return "is" if count == 1 else "are"


def score_text(value: float) -> str:
    """A score or a threshold for people: three figures, without powers of ten.

    Examples
    --------
    >>> score_text(0.48987), score_text(-33_412.0), score_text(6_941_000.0), score_text(0.0000524)
    ('0.49', '−33,412', '6.94M', '0.0000524')
    """
    size = abs(value)
    if size >= 1e6:
        text = f"{value / 1e6:,.3g}M" if size < 1e9 else f"{value / 1e6:,.0f}M"
    elif size >= 1000:
        text = f"{value:,.0f}"
    else:
        text = f"{Decimal(f'{value:.3g}'):f}"
    return text.replace("-", "\N{MINUS SIGN}")


def points(difference: float) -> str:
    """A difference of two shares, in percentage points; the sign is said in words.

    Examples
    --------
    >>> points(0.03064), points(-0.2)
    ('3.06 points', '20.00 points')
    """
    return f"{abs(100 * difference):.2f} points"


def signed(difference: float) -> str:
    """A difference of two shares in percentage points, with its sign.

    Examples
    --------
    >>> signed(0.03064), signed(-0.2)
    ('+3.06', '−20.00')
    """
    return f"{100 * difference:+.2f}".replace("-", "\N{MINUS SIGN}")


def bracketed(low: float, high: float, *, digits: int = 1, sign: str = "%") -> str:
    r"""An interval behind its number, never broken over two lines: of shares, or with no sign of points.

    Examples
    --------
    >>> bracketed(0.028, 0.033), bracketed(0.028, 0.033, digits=2, sign="")
    ('[2.8%,\xa03.3%]', '[2.80,\xa03.30]')
    >>> bracketed(0.9712, 0.99996), bracketed(0.0, 0.0002)
    ('[97.1%,\xa099.996%]', '[0%,\xa00.02%]')
    """
    ends = [share(end, digits) if sign else f"{100 * end:.{digits}f}" for end in (low, high)]
    return f"[{ends[0]},\u00a0{ends[1]}]".replace("-", "\N{MINUS SIGN}")


def p_text(p_value: float) -> str:
    r"""A p-value as people write it, never broken over two lines.

    Examples
    --------
    >>> p_text(0.012), p_text(0.0) == "p\xa0<\xa00.0001"
    ('p\xa0=\xa00.01', True)
    """
    text = "p < 0.0001" if p_value < 1e-4 else f"p = {p_value:.{4 if p_value < 0.01 else 2}f}"
    return text.replace(" ", "\u00a0")
