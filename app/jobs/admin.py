"""The admin's pages of jobs: to look at, not to change. Only workers change jobs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from jobs.models import Effect, Job


class ReadOnly:
    """Any member of staff may look at all of it, and nobody may change it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EffectInline(ReadOnly, admin.TabularInline):
    """What the job did, on the job's page."""

    model = Effect
    extra = 0


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):
    """Jobs, newest first, to be narrowed by state and type and found by key."""

    list_display = ("id", "type", "argument", "status", "result", "key", "updated_at")
    list_filter = ("status", "type")
    search_fields = ("key",)
    search_help_text = "A key, or its beginning"
    inlines = (EffectInline,)
