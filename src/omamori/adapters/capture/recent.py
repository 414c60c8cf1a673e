"""A bounded memory of what was heard lately: the reason why most frames cost nothing."""

from __future__ import annotations

from typing import Generic, TypeVar

Key = TypeVar("Key", bytes, int)


class Recent(Generic[Key]):
    """A set that keeps at least the latest ``size`` keys and at most twice as many.

    Two generations instead of a linked list: a look-up is a plain set look-up. ``young`` may be
    asked directly in a hot loop; a key found only among the old is made young again by ``has``.
    """

    def __init__(self, size: int) -> None:
        self.young: set[Key] = set()
        self._old: set[Key] = set()
        self._size = size

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def add(self, key: Key) -> None:
        """Remember the key; a full young generation becomes the old one."""
        if len(self.young) >= self._size:
            self.age()
        self.young.add(key)

    def age(self) -> None:
        """Make the young generation the old one, and forget the one before."""
        # Emptied in place: whoever holds ``young`` keeps holding the young generation.
        self._old = set(self.young)
        self.young.clear()

    def has(self, key: Key) -> bool:
        """Whether the key was added lately."""
        if key in self.young:
            return True
        if key in self._old:
            self.add(key)
            return True
        return False

    def forget(self) -> None:
        """Remember nothing."""
        self.young.clear()
        self._old = set()
