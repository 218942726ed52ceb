"""What a model refuses, said in our words: wrong parameters, too few images."""

from collections.abc import Iterator
from contextlib import contextmanager

from misread.errors import MisreadError, ParameterError

__all__ = ["naming_what_is_refused"]


@contextmanager
def naming_what_is_refused(model: str) -> Iterator[None]:
    """Turn what scikit-learn refuses while a model is fitted or asked into an error that names the model.

    Parameters
    ----------
    model : str
        What it is called.

    Raises
    ------
    ParameterError
        For a ValueError, or the TypeError or IndexError that a parameter or labels of the wrong kind can end in.
    """
    try:
        yield
    except MisreadError:
        raise
    except (ValueError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ParameterError(
            f"{model} cannot learn this: {reason}; change its parameters (--param NAME=VALUE; `misread models` "
            "lists some) or give it more images"
        ) from error
