"""The first schema of the desk."""

import sqlalchemy as sa
from alembic import op

from nbcase.store.tables import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table of the desk's metadata."""
    op.create_table(
        "action",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("desk_at", UtcDateTime(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_action_record", "action", ["record_type", "record_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "attachment_content",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("is_at_centre", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "attachment_chunk",
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "ordinal"),
    )
    op.create_table(
        "attachment_incoming",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "case",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("situation_code", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("applicant_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step_code", sa.Text(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("legal_due_on", sa.Date(), nullable=True),
        sa.Column("promised_due_on", sa.Date(), nullable=True),
        sa.Column("due_is_provisional", sa.Boolean(), nullable=False),
        sa.Column("pauses", Json(), nullable=False),
        sa.Column("form", Json(), nullable=False),
        sa.Column("materials", Json(), nullable=False),
        sa.Column("registration_id", sa.Text(), nullable=True),
        sa.Column("permit_id", sa.Text(), nullable=True),
        sa.Column("deferred_until_on", sa.Date(), nullable=True),
        sa.Column("decision_code", sa.Text(), nullable=True),
        sa.Column("reason_codes", Json(), nullable=False),
        sa.Column("decision_note", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_case_accepted_at_id", "case", ["accepted_at", "id"], unique=False)
    op.create_index("ix_case_number", "case", ["number"], unique=False)
    op.create_index("ix_case_resident_id", "case", ["resident_id"], unique=False)
    op.create_index("ix_case_state_promised_due_on_id", "case", ["state", "promised_due_on", "id"], unique=False)
    op.create_table(
        "clerk",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login", name="uq_clerk_login"),
    )
    op.create_table(
        "conflict",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", Json(), nullable=True),
        sa.Column("theirs", Json(), nullable=True),
        sa.Column("yours", Json(), nullable=True),
        sa.Column("yours_by", sa.Text(), nullable=False),
        sa.Column("yours_at", UtcDateTime(), nullable=True),
        sa.Column("theirs_by", sa.Text(), nullable=True),
        sa.Column("theirs_at", UtcDateTime(), nullable=True),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("chosen", Json(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("stations", Json(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conflict_state_found_at_id", "conflict", ["state", "found_at", "id"], unique=False)
    op.create_index("ix_conflict_subject_type_subject_id", "conflict", ["subject_type", "subject_id"], unique=False)
    op.create_table(
        "desk_state",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", Json(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("kind_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("print_count", sa.Integer(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_document_case_id", "document", ["case_id"], unique=False)
    op.create_index("ix_document_made_at_id", "document", ["made_at", "id"], unique=False)
    op.create_index("ix_document_resident_id", "document", ["resident_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("situation_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("answers", Json(), nullable=False),
        sa.Column("attachments", Json(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dwelling",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("landlord_name", sa.Text(), nullable=True),
        sa.Column("landlord_number", sa.Text(), nullable=True),
        sa.Column("landlord_phone", sa.Text(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("lease_until_on", sa.Date(), nullable=True),
        sa.Column("landlord_kind", sa.Text(), nullable=True),
        sa.Column("landlord_address", sa.Text(), nullable=True),
        sa.Column("certificate_number", sa.Text(), nullable=True),
        sa.Column("letting_number", sa.Text(), nullable=True),
        sa.Column("letting_kind", sa.Text(), nullable=True),
        sa.Column("letting_use", sa.Text(), nullable=True),
        sa.Column("layout", sa.Text(), nullable=True),
        sa.Column("structure", sa.Text(), nullable=True),
        sa.Column("built_year", sa.Integer(), nullable=True),
        sa.Column("area", sa.Integer(), nullable=True),
        sa.Column("rooms", sa.Integer(), nullable=True),
        sa.Column("monthly_rent", sa.Integer(), nullable=True),
        sa.Column("let_from_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("hazard_degree", sa.Text(), nullable=True),
        sa.Column("hazard", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("bond_code", sa.Text(), nullable=True),
        sa.Column("safe_exit_code", sa.Text(), nullable=True),
        sa.Column("fire_exit_code", sa.Text(), nullable=True),
        sa.Column("contract_code", sa.Text(), nullable=True),
        sa.Column("address_code", sa.Text(), nullable=True),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dwelling_address", "dwelling", ["address"], unique=False)
    op.create_index("ix_dwelling_street", "dwelling", ["street"], unique=False)
    op.create_table(
        "endorsement",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("permit_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("endorsed_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("grounds", Json(), nullable=False),
        sa.Column("channel_code", sa.Text(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("voided_on", sa.Date(), nullable=True),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_endorsement_case_id", "endorsement", ["case_id"], unique=False)
    op.create_index("ix_endorsement_permit_id", "endorsement", ["permit_id"], unique=False)
    op.create_table(
        "number_block",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", "first"),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", Json(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("versions", Json(), nullable=True),
        sa.Column("resent_by", sa.Text(), nullable=True),
        sa.Column("given_up_at", UtcDateTime(), nullable=True),
        sa.Column("given_up_by", sa.Text(), nullable=True),
        sa.Column("given_up_because", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("action_id"),
    )
    op.create_index("ix_outbox_outcome", "outbox", ["outcome", "sequence"], unique=False)
    op.create_index("ix_outbox_versions", "outbox", ["sequence"], unique=False, sqlite_where=sa.text("versions IS NOT NULL"))
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind_code", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("applicant_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("stations", Json(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_notice_made_at_id", "notice", ["made_at", "id"], unique=False)
    op.create_table(
        "score",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("catalogue_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("points", Json(), nullable=False),
        sa.Column("records", Json(), nullable=False),
        sa.Column("cut", Json(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_score_resident_id", "score", ["resident_id"], unique=False)
    op.create_table(
        "claim",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("indicator_code", sa.Text(), nullable=False),
        sa.Column("table_code", sa.Text(), nullable=False),
        sa.Column("row", Json(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_claim_resident_id", "claim", ["resident_id"], unique=False)
    op.create_index("ix_claim_case_id", "claim", ["case_id"], unique=False)
    op.create_table(
        "offering",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("begins_at", sa.Text(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("details", Json(), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_offering_service_code_begins_on", "offering", ["service_code", "begins_on"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("offering_id", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column("companions", Json(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("stations", Json(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_booking_offering_id", "booking", ["offering_id"], unique=False)
    op.create_index("ix_booking_resident_id", "booking", ["resident_id"], unique=False)
    op.create_index("ix_booking_case_id", "booking", ["case_id"], unique=False)
    op.create_table(
        "round",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("use_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("scored_on", sa.Date(), nullable=False),
        sa.Column("places", Json(), nullable=False),
        sa.Column("grades", Json(), nullable=False),
        sa.Column("conditions", Json(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("parent_rule", sa.Text(), nullable=False),
        sa.Column("ties", Json(), nullable=False),
        sa.Column("ties_basis", sa.Text(), nullable=False),
        sa.Column("lot_seed", sa.Text(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("draft_rows", Json(), nullable=False),
        sa.Column("rows", Json(), nullable=False),
        sa.Column("list_hash", sa.Text(), nullable=False),
        sa.Column("published_hash", sa.Text(), nullable=False),
        sa.Column("ranked_at", UtcDateTime(), nullable=True),
        sa.Column("notice_from_on", sa.Date(), nullable=True),
        sa.Column("notice_until_on", sa.Date(), nullable=True),
        sa.Column("final_on", sa.Date(), nullable=True),
        sa.Column("signed_by", Json(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_round_use_code_closes_on", "round", ["use_code", "closes_on"], unique=False)
    op.create_table(
        "round_result",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("counted_id", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("figures", Json(), nullable=False),
        sa.Column("zones", Json(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("choices", Json(), nullable=False),
        sa.Column("list_hash", sa.Text(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_round_result_round_id", "round_result", ["round_id"], unique=False)
    op.create_index("ix_round_result_resident_id", "round_result", ["resident_id"], unique=False)
    op.create_index("ix_round_result_case_id", "round_result", ["case_id"], unique=False)
    op.create_table(
        "round_signature",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("list_hash", sa.Text(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("clerk_name", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_round_signature_round_id", "round_signature", ["round_id"], unique=False)
    op.create_table(
        "scheme_draft",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("edits", Json(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("begun_name", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("changed_name", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("published_number", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("refused_hash", sa.Text(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "scheme_signature",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("is_proposal", sa.Boolean(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("clerk_name", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_scheme_signature_draft_id", "scheme_signature", ["draft_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("purpose_code", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("guardian_name", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_consent_resident_id_given_on", "consent", ["resident_id", "given_on"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("details", Json(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_service_resident_id", "service", ["resident_id"], unique=False)
    op.create_index("ix_service_case_id", "service", ["case_id"], unique=False)
    op.create_table(
        "permit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("grounds", Json(), nullable=False),
        sa.Column("replaced_on", sa.Date(), nullable=True),
        sa.Column("replace_reason_code", sa.Text(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason_code", sa.Text(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_permit_case_id", "permit", ["case_id"], unique=False)
    op.create_index("ix_permit_resident_id", "permit", ["resident_id"], unique=False)
    op.create_table(
        "print_job",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_print_job_requested_at", "print_job", ["requested_at", "id"], unique=False)
    op.create_table(
        "registration",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Text(), nullable=False),
        sa.Column("dwelling_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("arrived_on", sa.Date(), nullable=True),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("stay_code", sa.Text(), nullable=True),
        sa.Column("is_tenant", sa.Boolean(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason_code", sa.Text(), nullable=True),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_registration_case_id", "registration", ["case_id"], unique=False)
    op.create_index("ix_registration_dwelling_id", "registration", ["dwelling_id"], unique=False)
    op.create_index("ix_registration_resident_id", "registration", ["resident_id"], unique=False)
    op.create_table(
        "resident",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document_kind", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("former_name", sa.Text(), nullable=True),
        sa.Column("sex_code", sa.Text(), nullable=True),
        sa.Column("nation_code", sa.Text(), nullable=True),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("home_address", sa.Text(), nullable=True),
        sa.Column("home_kind_code", sa.Text(), nullable=True),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("valid_from_on", sa.Date(), nullable=True),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("political_code", sa.Text(), nullable=True),
        sa.Column("marital_code", sa.Text(), nullable=True),
        sa.Column("education_code", sa.Text(), nullable=True),
        sa.Column("occupation_code", sa.Text(), nullable=True),
        sa.Column("employer", sa.Text(), nullable=True),
        sa.Column("guardian_name", sa.Text(), nullable=True),
        sa.Column("guardian_number", sa.Text(), nullable=True),
        sa.Column("guardian_phone", sa.Text(), nullable=True),
        sa.Column("photo_hash", sa.Text(), nullable=True),
        sa.Column("station_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_resident_document_number", "resident", ["document_number"], unique=False)
    op.create_index("ix_resident_name_birth_on", "resident", ["name", "birth_on"], unique=False)
    op.create_index("ix_resident_phone", "resident", ["phone"], unique=False)
    op.create_table(
        "search_entry",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subtitle", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("key_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry"),
        sa.UniqueConstraint("kind", "record_id", name="uq_search_entry_kind_record_id"),
    )
    op.create_table(
        "search_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "entry"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_todo",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "publication",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "published_entry",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value", Json(), nullable=True),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", "key"),
    )
    op.create_index("ix_published_entry_revision", "published_entry", ["name", "revision"], unique=False)
    op.create_table(
        "station",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_station"),
    )
    op.execute("CREATE VIRTUAL TABLE search_text USING fts5(text, content='search_entry', content_rowid='entry', tokenize='trigram')")
    op.execute(
        "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN"
        " INSERT INTO search_text(rowid, text) VALUES (new.entry, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN"
        " INSERT INTO search_text(search_text, rowid, text) VALUES ('delete', old.entry, old.text); END"
    )
    op.execute(
        "CREATE TRIGGER search_entry_changed AFTER UPDATE OF text ON search_entry BEGIN"
        " INSERT INTO search_text(search_text, rowid, text) VALUES ('delete', old.entry, old.text);"
        " INSERT INTO search_text(rowid, text) VALUES (new.entry, new.text); END"
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
