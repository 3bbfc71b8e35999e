"""The API: create jobs, list them, look at them. Only workers change them."""

import logging
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

import designs
from jobs.models import Job
from jobs.serializers import JobFilter, JobSerializer

logger = logging.getLogger(__name__)


def refusal(description: str) -> OpenApiResponse:
    """Describe for the schema an answer that only says what is wrong."""
    return OpenApiResponse({"type": "object"}, description)


@extend_schema_view(
    list=extend_schema(
        summary="List jobs, newest first",
        parameters=[JobFilter],
        responses={
            200: JobSerializer(many=True),
            400: refusal("No job can have such a key."),
            404: refusal("There is no such page."),
        },
    ),
    retrieve=extend_schema(
        summary="Look at a job",
        responses={200: JobSerializer, 404: refusal("There is no such job.")},
    ),
)
class JobViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Job],
):
    """Jobs: create one, list them (`?key=` finds those with a key), look at one."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer

    def get_queryset(self) -> QuerySet[Job]:
        """Give the jobs that the query string of a list asks for."""
        if self.action != "list":
            return super().get_queryset()
        query = JobFilter(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return super().get_queryset().filter(**query.validated_data)

    @extend_schema(
        summary="Create a job",
        responses={
            201: JobSerializer,
            200: OpenApiResponse(JobSerializer, "The job that has this key already."),
            400: refusal("Such a job could not end well; each field says why."),
            409: refusal("The key belongs to another job."),
            413: refusal("The request is too large."),
            415: refusal("The request is neither JSON nor a form."),
        },
    )
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
