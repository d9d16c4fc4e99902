"""The smallest instance of a JSON schema: what must be there and no more, the same every time.

Candidates are built from the keywords, and the first one that `valid.fulfils` holds for is taken; so an instance is
valid, or there is an error that says where none was found.

Knows: the keywords that make instances. Must not know: where the schema comes from.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, is_array, is_object, items, mapping
from llm_intercept.errors import EndlessError, SchemaError
from llm_intercept.replies.schema.keywords import TYPES, check_keywords, merged, resolve
from llm_intercept.replies.schema.numbers import numbers
from llm_intercept.replies.schema.pattern import found
from llm_intercept.replies.schema.steps import LARGEST, Steps
from llm_intercept.replies.schema.strings import strings
from llm_intercept.replies.schema.valid import fulfils

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Within = tuple[str, ...]
LIMITS = (1, 2, 3, 5, 8)  # references within references: the shallowest way out of a recursion is tried first
TRIED = 40  # candidates at the most, at one place of a schema
BUILT = 4  # steps for the candidates of one place, which take longer to make than a test
CHARACTERS = 64  # of an instance's text that are written in the time of a step
HINTS = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "contains", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def smallest(schema: object) -> Any:
    """Make the smallest instance of a schema, or raise `SchemaError`."""
    steps = Steps()
    try:
        for limit in LIMITS:
            with suppress(EndlessError):
                return _Builder(schema, steps, limit).first(schema, "#", ())
        return _Builder(schema, steps).first(schema, "#", ())
    except RecursionError as error:
        raise SchemaError(steps.at, "it is nested too deeply") from error


class _Builder:
    """Builds instances; references are resolved in `root`."""

    def __init__(self, root: object, steps: Steps, limit: int | None = None) -> None:
        self._root, self._steps, self._limit = root, steps, limit
        self._checked: dict[int, Mapping[str, Any]] = {}  # by id, and held so that the id stays theirs
        self._endless: dict[tuple[str, frozenset[str]], EndlessError] = {}

    def first(self, schema: object, path: str, within: Within) -> Any:
        """Build the first valid instance; `within` are the references being resolved around it."""
        return next(self.valid(schema, path, within))

    def valid(self, schema: object, path: str, within: Within) -> Iterator[Any]:
        """Yield valid instances, each once; raise if there is none."""
        seen: set[bytes] = set()
        for candidate in itertools.islice(self._candidates(schema, path, within), TRIED):
            text = encode(candidate)
            self._steps.at = path
            self._steps.take(1 + len(text) // CHARACTERS)
            if text not in seen and fulfils(candidate, schema, self._root, self._steps):
                seen.add(text)
                yield candidate
        if not seen:
            raise SchemaError(path, _nothing(schema))

    def _candidates(self, schema: object, path: str, within: Within) -> Iterator[Any]:
        if schema is True:
            yield from (None, {}, "", 0)
            return
        if schema is False or not is_object(schema):
            raise SchemaError(path, f"{schema!r} is {'fulfilled by nothing' if schema is False else 'not a schema'}")
        known = mapping(schema)
        self._steps.at = path
        self._steps.take(BUILT)
        if id(known) not in self._checked:
            check_keywords(known, path)
            self._checked[id(known)] = known
        if "$ref" in known:
            yield from self._reference(known, path, within)
        elif "allOf" in known:
            yield from self._candidates(self._all(known, path, within), path, within)
        elif "anyOf" in known or "oneOf" in known:
            yield from self._alternatives(known, "anyOf" if "anyOf" in known else "oneOf", path, within)
        elif "const" in known:
            yield known["const"]
        elif "enum" in known:
            yield from items(known["enum"])
        else:
            yield from self._typed(known, path, within)

    def _reference(self, schema: Mapping[str, Any], path: str, within: Within) -> Iterator[Any]:
        target = schema["$ref"]
        if target in within or (self._limit is not None and len(within) >= self._limit):
            raise EndlessError(path, f"{target!r} requires itself, without end")
        found = resolve(self._root, target, path)
        key = target, frozenset(within)
        if key in self._endless:
            raise self._endless[key]
        siblings = {name: value for name, value in schema.items() if name not in {"$ref", "$defs", "definitions"}}
        whole = merged(mapping(found), siblings) if siblings and is_object(found) else found
        try:
            yield from self._candidates(whole, path, (*within, target))
        except EndlessError as error:
            self._endless[key] = error
            raise

    def _all(self, schema: Mapping[str, Any], path: str, within: Within) -> Mapping[str, Any]:
        """Merge the branches of allOf into one schema."""
        whole = {name: value for name, value in schema.items() if name != "allOf"}
        for number, branch in enumerate(items(schema["allOf"])):
            self._steps.at = path
            self._steps.take()
            part, seen = branch, within
            while is_object(part) and "$ref" in part:
                target = mapping(part)["$ref"]
                if target in seen:
                    raise EndlessError(path, f"{target!r} requires itself, without end")
                seen = (*seen, target)
                part = resolve(self._root, target, f"{path}/allOf/{number}")
            if is_object(part) and "allOf" in part:
                part = self._all(mapping(part), path, seen)
            if not is_object(part) and part is not True:
                raise SchemaError(f"{path}/allOf/{number}", f"{part!r} is not a schema")
            whole = merged(whole, mapping(part))
        return whole

    def _alternatives(self, schema: Mapping[str, Any], choice: str, path: str, within: Within) -> Iterator[Any]:
        """Yield what the alternatives have in turn; a recursive one gives way to one that is not."""
        rest = {name: value for name, value in schema.items() if name != choice}
        failed: SchemaError | None = None
        made = False
        for number, alternative in enumerate(items(schema[choice])):
            branch = merged(rest, mapping(alternative)) if is_object(alternative) and rest else alternative
            try:
                for candidate in itertools.islice(self.valid(branch, f"{path}/{choice}/{number}", within), 4):
                    made = True
                    yield candidate
            except SchemaError as error:
                failed = failed or error
        if not made and failed is not None:
            raise failed

    def _typed(self, schema: Mapping[str, Any], path: str, within: Within) -> Iterator[Any]:
        kinds = _kinds(schema, path)
        failed: SchemaError | None = None
        for number, kind in enumerate(kinds):
            try:
                yield from self._of_type(kind, schema, path, within)
            except SchemaError as error:
                failed = failed or error
                if number == len(kinds) - 1:
                    raise failed from None

    def _of_type(self, kind: str, schema: Mapping[str, Any], path: str, within: Within) -> Iterator[Any]:
        match kind:
            case "object":
                yield from self._objects(schema, path, within)
            case "array":
                yield from self._arrays(schema, path, within)
            case "string":
                yield from strings(schema, path, self._steps)
            case "integer" | "number":
                yield from numbers(schema, path, whole=kind == "integer")
            case "boolean":
                yield from (False, True)
            case _:
                yield None

    def _objects(self, schema: Mapping[str, Any], path: str, within: Within) -> Iterator[dict[str, Any]]:
        """Yield the object with what is required, then with more of what is described."""
        properties = mapping(schema.get("properties"))
        required = list(map(str, items(schema.get("required"))))
        names = [*(name for name in properties if name in required), *(n for n in required if n not in properties)]
        optional = [name for name in properties if name not in names]
        more = _more_names(schema, names, optional, path)
        if path == "#" and not names:  # nothing at all is a poor answer to a question for something
            try:
                yield {name: self._property(name, schema, path, within) for name in optional}
            except SchemaError as error:
                if isinstance(error, EndlessError) and self._limit is not None:  # a greater limit may allow it
                    raise
        for added in dict.fromkeys(((), tuple(more), tuple(optional))):
            chosen = [name for name in properties if name in names or name in added]
            chosen += [name for name in (*names, *added) if name not in properties]
            yield {name: self._property(name, schema, path, within) for name in dict.fromkeys(chosen)}

    def _property(self, name: str, schema: Mapping[str, Any], path: str, within: Within) -> Any:
        properties = mapping(schema.get("properties"))
        if name in properties:
            return self.first(properties[name], f"{path}/properties/{name}", within)
        for pattern, own in mapping(schema.get("patternProperties")).items():
            if found(pattern, name, self._steps):
                return self.first(own, f"{path}/patternProperties/{pattern}", within)
        additional = schema.get("additionalProperties", True)
        if additional is False:
            raise SchemaError(
                f"{path}/required", f"{name!r} is required, but not described, and nothing else is allowed"
            )
        return self.first(additional, f"{path}/additionalProperties", within)

    def _arrays(self, schema: Mapping[str, Any], path: str, within: Within) -> Iterator[list[Any]]:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if most is not None and least > most:
            raise SchemaError(path, f"minItems {least} is more than maxItems {most}")
        prefix = items(schema.get("prefixItems"))
        made = [self.first(one, f"{path}/prefixItems/{n}", within) for n, one in enumerate(prefix[:least])]
        wanted = schema.get("minContains", 1) if "contains" in schema else 0
        if wanted:
            both = _both(schema["contains"], schema.get("items", True))
            made += self._several(both, "contains", wanted, schema, path, within)
        if len(made) < least:
            made += self._several(schema.get("items", True), "items", least - len(made), schema, path, within)
        yield made

    def _several(
        self, wanted: object, name: str, count: int, schema: Mapping[str, Any], path: str, within: Within
    ) -> list[Any]:
        """Build so many items of an array."""
        asked = f"min{name.title()}"
        if count > LARGEST:
            raise SchemaError(f"{path}/{asked}", f"an array of {count:,} is asked for; the most is {LARGEST:,}")
        built = self.valid(wanted, f"{path}/{name}", within)
        if not schema.get("uniqueItems"):
            one = next(built)
            self._check_size(one, count, f"{path}/{asked}")
            return [one] * count
        different = list(itertools.islice(built, count))
        if len(different) < count:
            raise SchemaError(
                f"{path}/{name}", f"{asked} asks for {count} different items and {len(different)} were found"
            )
        return different

    def _check_size(self, one: Any, count: int, path: str) -> None:
        size = count * _size(one)
        if size > LARGEST:
            raise SchemaError(path, f"an instance of {size:,} values is asked for; the most is {LARGEST:,}")


def _size(value: Any) -> int:
    """Count the values in a value."""
    inner = mapping(value).values() if is_object(value) else items(value)
    return 1 + sum(map(_size, inner))


def _both(contained: object, every: object) -> object:
    """Join what some items must fulfil with what all must."""
    if every is True or contained is False:
        return contained
    return {"allOf": [contained, every]} if contained is not True else every


def _kinds(schema: Mapping[str, Any], path: str) -> list[str]:
    """Read the types, or infer them from the other keywords."""
    if "type" in schema:
        kind = schema["type"]
        kinds: list[Any] = items(kind) if is_array(kind) else [kind]
        if not kinds or any(one not in TYPES for one in kinds):
            raise SchemaError(f"{path}/type", f"{kind!r} is not a type; the types are {', '.join(TYPES)}")
        return kinds
    hinted = [kind for kind, names in HINTS.items() if any(name in schema for name in names)]
    return [*hinted, *(kind for kind in ("object", "null", "string", "integer") if kind not in hinted)]


def _more_names(schema: Mapping[str, Any], names: list[str], optional: list[str], path: str) -> list[str]:
    """Name the properties to add to the required ones: those that depend on them, and as many as there must be."""
    depends = mapping(schema.get("dependentRequired"))
    more = [str(other) for name in names for other in items(depends.get(name)) if other not in names]
    least = schema.get("minProperties", 0)
    if least > LARGEST:
        raise SchemaError(
            f"{path}/minProperties", f"an object of {least:,} properties is asked for; the most is {LARGEST:,}"
        )
    spare = [name for name in optional if name not in more]
    if schema.get("additionalProperties", True) is not False:
        spare += [f"key{number}" for number in range(least)]
    more += spare[: max(0, least - len(names) - len(more))]
    if len(names) + len(more) < least:
        described = len(names) + len(more)
        raise SchemaError(f"{path}/minProperties", f"{least} properties are asked for and {described} are described")
    return more


def _nothing(schema: object) -> str:
    shown = {name: value for name, value in mapping(schema).items() if name not in {"$defs", "definitions"}}
    return f"nothing was found that fulfils {shown!r}"
