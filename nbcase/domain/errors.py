"""Errors a clerk can act on, sorted where they are raised; everything else is a bug."""


class UserError(Exception):
    """Something that a person can mend: says what happened, what is safe and what to do next.

    All three are in the clerk's words; `safe` and `do` may be empty where there is nothing to say.
    """

    def __init__(self, what: str, *, safe: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.safe = safe
        self.do = do

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.safe, self.do) if part)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process with all three parts."""
        return (_rebuild, (type(self), self.what, self.safe, self.do))


def _rebuild(kind: type[UserError], what: str, safe: str, do: str) -> UserError:
    return kind(what, safe=safe, do=do)


class Offline(UserError):
    """The centre could not be reached; the work stays on the desk."""


class Conflict(UserError):
    """Two people changed the same thing; both values are kept."""


class DeviceError(UserError):
    """A reader, scanner, camera or printer failed; the case in hand is not touched."""


class NotAllowed(UserError):
    """The clerk's role or scope does not cover the act."""


class Unacceptable(UserError):
    """An action that the centre cannot apply: kept with its reason, and no hindrance to the others."""
