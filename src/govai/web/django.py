"""Django answers govai's errors: name `govai.web.django.Problems` in `MIDDLEWARE`. It needs Django."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.deprecation import MiddlewareMixin

from govai.core.errors import GovaiError
from govai.web.errors import problem


class Problems(MiddlewareMixin):  # type: ignore[misc]  # Django has no types
    """Answers a govai error that a view raised, sync or async. `settings.GOVAI_TICKET_URL`: the `Location` of a 202."""

    def process_exception(self, request: Any, exception: Exception) -> Any:  # noqa: ARG002 -- Django's two
        """Return the answer, or None for what is not govai's."""
        if not isinstance(exception, GovaiError):
            return None
        made = problem(exception, ticket_url=getattr(settings, "GOVAI_TICKET_URL", ""))
        return HttpResponse(made.body, status=made.status, headers=made.headers)
