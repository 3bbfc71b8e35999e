"""How a job looks from outside, and which jobs can be asked for."""

from typing import Any

from rest_framework import serializers

from jobs.bodies import ARGUMENTS
from jobs.models import Job

RANGES = "; ".join(
    f"{name}: {allowed.start} to {allowed.stop - 1}"
    for name, allowed in ARGUMENTS.items()
)


class JobSerializer(serializers.HyperlinkedModelSerializer[Job]):
    """A client gives type, argument and, where it likes, a key; the rest is ours."""

    argument = serializers.IntegerField(help_text=RANGES)

    class Meta:
        model = Job
        fields = (
            "url",
            "id",
            "type",
            "status",
            "created_at",
            "updated_at",
            "argument",
            "result",
            "key",
        )
        read_only_fields = ("status", "created_at", "updated_at", "result")
        extra_kwargs = {
            "type": {
                "error_messages": {
                    "invalid_choice": "{input} is no type of job; there is "
                    f"{', '.join(ARGUMENTS)}."
                }
            }
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an argument whose job could never end well."""
        allowed = ARGUMENTS[attrs["type"]]
        if attrs["argument"] not in allowed:
            if attrs["argument"] < allowed.start:
                why = "there is no result for a negative one"
            elif attrs["type"] == Job.Type.SLEEP:
                why = "these are milliseconds, and no job may sleep for longer"
            else:
                why = "the result of a larger one does not fit into 64 bits"
            raise serializers.ValidationError(
                {
                    "argument": f"The argument of a {attrs['type']} job must be "
                    f"from {allowed.start} to {allowed.stop - 1}: {why}."
                }
            )
        return attrs


class JobFilter(serializers.Serializer[None]):
    """What the list can be narrowed by."""

    key = serializers.CharField(max_length=100, required=False)
