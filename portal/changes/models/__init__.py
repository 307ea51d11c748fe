"""What was asked, decided and delivered.

A ChangeRequest asks for something on one gateway; immutable Revisions say what; a
Review is one person's verdict on one revision; a Delivery brings an approved
revision to the gateway by Attempts, each made of Steps; NodeSightings say where it has
arrived, a ProbeRun whether it answers as it should; a Freeze is a time in which none
begins; a Gathering is a draft that a program's writes still come to; a SpecImport is
what an OpenAPI document said; a RuleSet is a version of the review rules, a RuleApproval
what one of them let pass, Awaited for whom they wait; ChangeWords and SavedFilters help to find changes again.
"""

from portal.changes.models.after_review import AfterReview, AfterReviewQuerySet
from portal.changes.models.change import (
    DELIVERING,
    Action,
    ChangeRequest,
    ChangeRequestQuerySet,
    Comment,
    IdempotencyKey,
    Immutable,
    Item,
    Review,
    Revision,
    Verdict,
)
from portal.changes.models.delivery import (
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryState,
    Outcome,
    Position,
    Step,
    StepKind,
)
from portal.changes.models.finding_again import ChangeWord, SavedFilter
from portal.changes.models.freeze import Freeze, FreezeOverride, FreezeQuerySet
from portal.changes.models.gathering import Gathering, GatheringQuerySet
from portal.changes.models.import_file import (
    ImportFile,
    ImportFileQuerySet,
    ImportState,
)
from portal.changes.models.nodes import NodeSighting, Sight
from portal.changes.models.probe import ProbeRun, ProbeState
from portal.changes.models.rules import Awaited, RuleApproval, RuleSet
from portal.changes.models.spec_import import SpecImport, SpecImportQuerySet

__all__ = [
    "DELIVERING",
    "Action",
    "AfterReview",
    "AfterReviewQuerySet",
    "Attempt",
    "Awaited",
    "ChangeRequest",
    "ChangeRequestQuerySet",
    "ChangeWord",
    "Comment",
    "Delivery",
    "DeliveryQuerySet",
    "DeliveryState",
    "Freeze",
    "FreezeOverride",
    "FreezeQuerySet",
    "Gathering",
    "GatheringQuerySet",
    "IdempotencyKey",
    "Immutable",
    "ImportFile",
    "ImportFileQuerySet",
    "ImportState",
    "Item",
    "NodeSighting",
    "Outcome",
    "Position",
    "ProbeRun",
    "ProbeState",
    "Review",
    "Revision",
    "RuleApproval",
    "RuleSet",
    "SavedFilter",
    "Sight",
    "SpecImport",
    "SpecImportQuerySet",
    "Step",
    "StepKind",
    "Verdict",
]
