"""The exceptions of misread.

Every error that a user's input can cause is one of these; each message says what was expected, what came and
what to try. The command line prints the message alone and ends with `exit_code`.

    MisreadError
    ├── ParameterError (ValueError)      an argument or option that makes no sense
    ├── DataError                        a data set that cannot be found or used
    │   ├── FormatError                  a file that is not what it claims to be
    │   └── DownloadError                no source gave the verified file
    ├── AnswersError (ValueError)        a table of answers that makes no sense
    ├── OutputError                      a file or folder that cannot be written
    ├── RunError                         a run folder that cannot be read
    ├── ModelFileError                   a model file that cannot be read
    ├── ClusterError                     a cluster that does not do its work
    └── MissingExtraError (ImportError)  an optional dependency is not installed
"""

__all__ = [
    "AnswersError",
    "ClusterError",
    "DataError",
    "DownloadError",
    "FormatError",
    "MisreadError",
    "MissingExtraError",
    "ModelFileError",
    "OutputError",
    "ParameterError",
    "RunError",
]


class MisreadError(Exception):
    """Base of every error that misread raises on purpose."""

    exit_code = 1


class ParameterError(MisreadError, ValueError):
    """An argument or option is outside what is allowed."""

    exit_code = 2


class DataError(MisreadError):
    """A data set cannot be found or used."""


class FormatError(DataError):
    """A file is truncated, corrupt, mislabelled or hostile."""


class DownloadError(DataError):
    """No source gave the file, or what came failed verification."""


class AnswersError(MisreadError, ValueError):
    """A table of answers cannot be read, or a row of it makes no sense."""


class OutputError(MisreadError):
    """A file or folder cannot be written."""


class RunError(MisreadError):
    """A run folder cannot be read, or holds something else."""


class ModelFileError(MisreadError):
    """A model file is damaged, hostile, from a newer misread, or cannot hold this model."""


class ClusterError(MisreadError):
    """A cluster was lost or failed while it worked."""


class MissingExtraError(MisreadError, ImportError):
    """An optional dependency is missing; the message names the install line."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is needed for this and is not installed; try: pip install 'misread[{extra}]'")
