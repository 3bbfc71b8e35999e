"""The API: create jobs, list them, look at them. Only workers change them."""

import logging
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

import designs
from jobs.models import Job
from jobs.serializers import JobFilter, JobSerializer

logger = logging.getLogger(__name__)


class JobViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Job],
):
    """Jobs: create one, list them (`?key=` finds those with a key), look at one."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Job]:
        """Give the jobs that the query string asks for."""
        query = JobFilter(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return super().get_queryset().filter(**query.validated_data)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 201 with the new job, or 200 with the one that has the key already."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job, created = designs.current().create(asked.validated_data)
        if created:
            logger.info("created", extra={"job_id": job.id})
        answer = self.get_serializer(job).data
        return Response(
            answer,
            status=status.HTTP_201_CREATED if created else status.HTTP_200_OK,
            headers={"Location": answer["url"]},
        )


def health(request: HttpRequest) -> HttpResponse:
    """Say that this process answers.

    It asks no other service: a database that is away for a moment shall not make an
    orchestrator restart healthy web processes.
    """
    return HttpResponse("ok\n", content_type="text/plain")
