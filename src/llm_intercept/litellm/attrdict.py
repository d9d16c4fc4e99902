"""Objects that are read both ways: `r["choices"][0]["message"]["content"]` and `r.choices[0].message.content`.

Knows: JSON values. Must not know: where they come from.
"""

from __future__ import annotations

from typing import Any, cast

from llm_intercept.base.json import encode, is_array, is_object, mapping, plain


class AttrDict(dict[str, Any]):
    """A JSON object whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name!r} here; there are {', '.join(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def model_dump(self) -> dict[str, Any]:
        """Return plain dicts and lists."""
        return cast("dict[str, Any]", plain(self))

    def model_dump_json(self, indent: int | None = None) -> str:
        """Return JSON text."""
        return encode(self.model_dump(), indent).decode()

    json = model_dump_json


def attrdict(value: Any) -> Any:
    """Turn JSON values into attribute dicts, at every level."""
    if is_object(value):
        return AttrDict({key: attrdict(item) for key, item in mapping(value).items()})
    if is_array(value):
        return [attrdict(item) for item in value]
    return value
