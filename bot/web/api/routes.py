"""Every call of the API: the door, the document and the tests walk this one table."""

from pydantic import BaseModel

from bot.imports.candidates import CandidateSheet as CandidateRows
from bot.imports.cohorts import CohortSheet as CohortRows
from bot.imports.stores import StoreSheet as StoreRows
from bot.web.api import candidates, cases, cohorts, events, hooks, models, stores
from bot.web.api.models import body_of
from bot.web.api.types import ApiRoute

_WRITTEN: dict[int, type[BaseModel] | None] = {200: models.Written, 201: models.Written}
_DONE: dict[int, type[BaseModel] | None] = {204: None}


def table(stages: tuple[str, ...]) -> tuple[ApiRoute, ...]:
    """`stages`: all that the company has; each has a field with its time stamp."""
    return (
        ApiRoute(
            "GET",
            "/stores",
            "stores.list",
            "read",
            stores.index,
            "Stores, by code",
            {200: models.Stores},
            query=models.PageQuery,
            personal=True,
        ),
        ApiRoute(
            "GET", "/stores/{code}", "stores.show", "read", stores.show, "One store", {200: models.Store}, personal=True
        ),
        ApiRoute(
            "PUT",
            "/stores/{code}",
            "stores.put",
            "write",
            stores.put,
            "Make or change a store",
            _WRITTEN,
            body=body_of(StoreRows, stages),
        ),
        ApiRoute(
            "GET",
            "/cohorts",
            "cohorts.list",
            "read",
            cohorts.index,
            "Cohorts, by code",
            {200: models.Cohorts},
            query=models.PageQuery,
        ),
        ApiRoute("GET", "/cohorts/{code}", "cohorts.show", "read", cohorts.show, "One cohort", {200: models.Cohort}),
        ApiRoute(
            "PUT",
            "/cohorts/{code}",
            "cohorts.put",
            "write",
            cohorts.put,
            "Make or change a cohort",
            _WRITTEN,
            body=body_of(CohortRows, stages),
        ),
        ApiRoute(
            "GET",
            "/candidates",
            "candidates.list",
            "read",
            candidates.index,
            "Candidates, by code",
            {200: models.Candidates},
            query=models.CandidateQuery,
            personal=True,
        ),
        ApiRoute(
            "GET",
            "/candidates/{code}",
            "candidates.show",
            "read",
            candidates.show,
            "One candidate",
            {200: models.Candidate},
            personal=True,
        ),
        ApiRoute(
            "PUT",
            "/candidates/{code}",
            "candidates.put",
            "write",
            candidates.put,
            "Make or change a candidate",
            _WRITTEN,
            body=body_of(CandidateRows, stages),
        ),
        ApiRoute(
            "POST",
            "/candidates/{code}/stage",
            "candidates.stage",
            "write",
            candidates.stage,
            "Move a candidate to a stage",
            {200: models.Written},
            body=models.StageIn,
        ),
        ApiRoute(
            "GET",
            "/cases",
            "cases.list",
            "read",
            cases.index,
            "Cases, by id",
            {200: models.Cases},
            query=models.CaseQuery,
            personal=True,
        ),
        ApiRoute("GET", "/cases/{id}", "cases.show", "read", cases.show, "One case", {200: models.Case}, personal=True),
        ApiRoute(
            "POST",
            "/cases/{id}/resolve",
            "cases.resolve",
            "write",
            cases.resolve,
            "Resolve a case",
            _DONE,
            body=models.ResolveIn,
        ),
        ApiRoute(
            "POST", "/cases/{id}/note", "cases.note", "write", cases.note, "Add a note", _DONE, body=models.NoteIn
        ),
        ApiRoute(
            "POST",
            "/cases/{id}/assign",
            "cases.assign",
            "write",
            cases.assign,
            "Hand a case over",
            _DONE,
            body=models.AssignIn,
        ),
        ApiRoute(
            "GET",
            "/events",
            "events.list",
            "read",
            events.index,
            "Events after one, in order",
            {200: models.Events},
            query=models.EventQuery,
        ),
        ApiRoute("GET", "/hooks", "hooks.list", "read", hooks.index, "Hooks", {200: models.Hooks}, whole=True),
        ApiRoute(
            "PUT",
            "/hooks",
            "hooks.put",
            "write",
            hooks.put,
            "Make, change or restart a hook",
            {200: models.Hook, 201: models.HookMade},
            body=models.HookIn,
            whole=True,
        ),
        ApiRoute("DELETE", "/hooks/{id}", "hooks.delete", "write", hooks.delete, "Remove a hook", _DONE, whole=True),
    )
