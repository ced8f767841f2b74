"""The JSON Schema of a policy, for editors: made of the models that read it."""

import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mlflow_prod.registry.policy import Document
from mlflow_prod.registry.rules import Bounded

# How a docstring says what a field is.
FIELD = re.compile(r"^(\w+) : (.+)$")


def policy_schema() -> dict[str, Any]:
    """Draft 2020-12. What it cannot say is left to `parse`: keys that stand twice, signers that nobody is."""
    schema = Document.model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Policy"}


class _Generator(GenerateJsonSchema):
    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A model's schema, with its bounds, and its docstring as the descriptions of it and its fields."""
        made = super().model_schema(schema)
        model: type = schema["cls"]
        if said := _said(model)[""]:
            made["description"] = said
        for parent in reversed(model.__mro__):
            for name, meaning in _said(parent).items():
                if name in made["properties"]:
                    made["properties"][name]["description"] = meaning
        if issubclass(model, Bounded):
            made["oneOf"] = [
                {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in model.BOUNDS
            ]
        return made

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Its forms: which one is meant is seen by its keys."""
        return {"anyOf": super().tagged_union_schema(schema)["oneOf"]}

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: a title would only repeat the key."""
        return False


def _said(model: type) -> dict[str, str]:
    """A class's own docstring, taken apart: what it says of each field, and of itself under ""."""
    said: dict[str, list[str]] = {"": []}
    about = ""
    for line in (vars(model).get("__doc__") or "").splitlines():
        found = FIELD.match(line.strip())
        # What a field's line says ends with the next field's, or at a blank line.
        about = found[1] if found else about if line.strip() else ""
        said.setdefault(about, []).append(found[2] if found else line.strip())
    return {about: "\n".join(lines).strip() for about, lines in said.items()}
