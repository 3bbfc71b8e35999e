"""One job per key: a client that lost the answer may ask again for the same job."""

from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.exceptions import APIException

from jobs.models import Job, SubmissionKey


class KeyTaken(APIException):
    """The key belongs to a job that was asked for with another type or argument."""

    status_code = 409
    default_code = "key_taken"
    default_detail = (
        "This key belongs to a job with another type or argument. "
        "Use a new key for a new job."
    )


def create_once(fields: dict[str, Any]) -> tuple[Job, bool]:
    """Create the job in one transaction, or find the one that has its key.

    Give the job and whether it is new. Two requests with one key at the same moment
    are safe: the unique key makes the second wait for the first one's commit.
    """
    key = fields.get("key")
    if key is None:
        with transaction.atomic():
            return Job.objects.create(**fields), True
    try:
        return _owner(key, fields), False
    except SubmissionKey.DoesNotExist:
        pass
    try:
        with transaction.atomic():
            job = Job.objects.create(**fields)
            SubmissionKey.objects.create(key=key, job=job)
            return job, True
    except IntegrityError:
        return _owner(key, fields), False


def _owner(key: str, fields: dict[str, Any]) -> Job:
    job = SubmissionKey.objects.select_related("job").get(key=key).job
    if (job.type, job.argument) != (fields["type"], fields["argument"]):
        raise KeyTaken
    return job
