"""Records in the clerk's words: what a kind of record, a field and a value are called where a change is told field by field."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nbcase.domain import codes
from nbcase.domain.clock import CHINA
from nbcase.domain.identity import mask_number, mask_phone
from nbcase.domain.words import mark, tr
from nbcase.operations.printing import paper_name

RECORD_NAMES = {
    "resident": mark("居民"),
    "dwelling": mark("房屋"),
    "registration": mark("居住登记"),
    "case": mark("办件"),
    "permit": mark("居住证"),
    "endorsement": mark("签注"),
    "document": mark("文书"),
    "conflict": mark("冲突"),
    "notice": mark("通知"),
    "consent": mark("同意"),
    "score": mark("积分"),
    "claim": mark("赋分"),
    "offering": mark("场次"),
    "booking": mark("预约"),
    "service": mark("服务"),
    "round": mark("名额轮次"),
    "round_result": mark("排名结果"),
    "round_signature": mark("名单签名"),
    "scheme_draft": mark("积分方案草案"),
    "scheme_signature": mark("方案签名"),
}

FIELD_NAMES: dict[str, dict[str, str]] = {
    "resident": {
        "document_kind": mark("证件种类"),
        "document_number": mark("证件号码"),
        "name": mark("姓名"),
        "former_name": mark("曾用名"),
        "sex_code": mark("性别"),
        "nation_code": mark("民族"),
        "birth_on": mark("出生日期"),
        "home_address": mark("户籍地址"),
        "home_kind_code": mark("户口性质"),
        "authority": mark("签发机关"),
        "valid_from_on": mark("有效期起"),
        "valid_until_on": mark("有效期至"),
        "phone": mark("手机"),
        "political_code": mark("政治面貌"),
        "marital_code": mark("婚姻状况"),
        "education_code": mark("文化程度"),
        "occupation_code": mark("现从事职业"),
        "employer": mark("服务处所"),
        "guardian_name": mark("监护人"),
        "guardian_number": mark("监护人号码"),
        "guardian_phone": mark("监护人电话"),
        "photo_hash": mark("照片"),
        "station_code": mark("受理点"),
    },
    "dwelling": {
        "address": mark("居住地址"),
        "division_code": mark("行政区划"),
        "street": mark("街道"),
        "community": mark("社区"),
        "place_code": mark("居住处所"),
        "landlord_name": mark("房主"),
        "landlord_number": mark("房主号码"),
        "landlord_phone": mark("房主电话"),
        "capacity": mark("限住人数"),
        "lease_until_on": mark("合同至"),
        "landlord_kind": mark("出租人类型"),
        "landlord_address": mark("出租人地址"),
        "certificate_number": mark("权证号"),
        "letting_number": mark("租赁备案证号"),
        "letting_kind": mark("出租房类别"),
        "letting_use": mark("出租用途"),
        "layout": mark("户型"),
        "structure": mark("结构"),
        "built_year": mark("建成年份"),
        "area": mark("面积（平方米）"),
        "rooms": mark("出租间数"),
        "monthly_rent": mark("月租金（元）"),
        "let_from_on": mark("出租时间"),
        "registered_on": mark("登记日期"),
        "cancelled_on": mark("注销日期"),
        "hazard_degree": mark("隐患程度"),
        "hazard": mark("隐患情况"),
        "remedy": mark("隐患整改"),
        "bond_code": mark("治安责任保证书"),
        "safe_exit_code": mark("安全通道"),
        "fire_exit_code": mark("消防通道"),
        "contract_code": mark("有无合同"),
        "address_code": mark("地址编码"),
        "station_code": mark("受理点"),
    },
    "registration": {
        "resident_id": mark("居民"),
        "dwelling_id": mark("房屋"),
        "case_id": mark("办件"),
        "declared_on": mark("申报日期"),
        "arrived_on": mark("来本地日期"),
        "place_code": mark("居住处所"),
        "reason_code": mark("居住事由"),
        "stay_code": mark("拟居住期限"),
        "is_tenant": mark("是否承租"),
        "state": mark("状态"),
        "ended_on": mark("离开日期"),
        "end_reason_code": mark("注销原因"),
        "station_code": mark("受理点"),
    },
    "case": {
        "number": mark("受理号"),
        "item_code": mark("事项"),
        "situation_code": mark("情形"),
        "resident_id": mark("居民"),
        "applicant_name": mark("申请人"),
        "state": mark("状态"),
        "step_code": mark("环节"),
        "accepted_at": mark("受理时间"),
        "accepted_by": mark("经办人"),
        "legal_due_on": mark("法定到期"),
        "promised_due_on": mark("承诺到期"),
        "due_is_provisional": mark("期限暂定"),
        "pauses": mark("计时暂停"),
        "form": mark("申请表"),
        "materials": mark("材料"),
        "registration_id": mark("居住登记"),
        "permit_id": mark("居住证"),
        "deferred_until_on": mark("补交期限"),
        "decision_code": mark("决定"),
        "reason_codes": mark("理由"),
        "decision_note": mark("说明"),
        "decided_at": mark("决定时间"),
        "decided_by": mark("决定人"),
        "is_provisional": mark("标“暂”"),
        "station_code": mark("受理点"),
    },
    "permit": {
        "resident_id": mark("居民"),
        "case_id": mark("办件"),
        "number": mark("证号"),
        "issued_on": mark("发证日期"),
        "grounds": mark("申领理由"),
        "replaced_on": mark("换补领日期"),
        "replace_reason_code": mark("换补领原因"),
        "cancelled_on": mark("注销日期"),
        "cancel_reason_code": mark("注销原因"),
        "is_provisional": mark("标“暂”"),
        "station_code": mark("受理点"),
    },
    "endorsement": {
        "permit_id": mark("居住证"),
        "case_id": mark("办件"),
        "ordinal": mark("第几次"),
        "endorsed_on": mark("签注日期"),
        "valid_until_on": mark("可用至"),
        "is_late": mark("逾期签注"),
        "grounds": mark("理由"),
        "channel_code": mark("办理渠道"),
        "is_provisional": mark("标“暂”"),
        "voided_on": mark("作废日期"),
        "station_code": mark("受理点"),
    },
    "document": {
        "case_id": mark("办件"),
        "resident_id": mark("居民"),
        "kind_code": mark("文书种类"),
        "number": mark("编号"),
        "content_hash": mark("文件校验值"),
        "made_at": mark("制作时间"),
        "made_by": mark("制作人"),
        "print_count": mark("打印次数"),
        "is_provisional": mark("标“暂”"),
        "revoked_on": mark("收回日期"),
        "station_code": mark("受理点"),
    },
    "score": {
        "resident_id": mark("居民"),
        "on": mark("计分日"),
        "district_code": mark("区划"),
        "catalogue_hash": mark("目录校验值"),
        "hash": mark("校验值"),
        "total": mark("总分"),
        "points": mark("各项得分"),
        "records": mark("部门记录"),
        "cut": mark("数据批次"),
        "station_code": mark("受理点"),
    },
    "claim": {
        "resident_id": mark("居民"),
        "case_id": mark("办件"),
        "case_number": mark("受理号"),
        "indicator_code": mark("指标"),
        "table_code": mark("数据表"),
        "row": mark("赋分内容"),
        "approved_on": mark("通过日期"),
        "approved_by": mark("审核人"),
        "station_code": mark("受理点"),
    },
    "offering": {
        "service_code": mark("服务"),
        "name": mark("场次名称"),
        "place": mark("地点"),
        "begins_on": mark("开始日期"),
        "begins_at": mark("开始时间"),
        "ends_on": mark("结束日期"),
        "closes_on": mark("报名截止"),
        "capacity": mark("名额"),
        "details": mark("说明"),
        "is_cancelled": mark("已取消"),
        "taken": mark("已占"),
        "waiting": mark("候补"),
        "station_code": mark("受理点"),
    },
    "booking": {
        "offering_id": mark("场次"),
        "resident_id": mark("居民"),
        "case_id": mark("办件"),
        "name": mark("姓名"),
        "phone": mark("手机"),
        "party": mark("人数"),
        "companions": mark("同行人"),
        "is_wanted": mark("仍要"),
        "ordinal": mark("排位"),
        "place": mark("名额"),
        "stations": mark("有关受理点"),
        "station_code": mark("受理点"),
    },
    "round": {
        "use_code": mark("用途"),
        "name": mark("轮次名称"),
        "district_code": mark("区县"),
        "period": mark("期次"),
        "opens_on": mark("报名开始"),
        "closes_on": mark("报名截止"),
        "scored_on": mark("计分日"),
        "places": mark("名额"),
        "grades": mark("年级"),
        "conditions": mark("条件"),
        "basis": mark("依据"),
        "parent_rule": mark("谁的积分"),
        "ties": mark("同分次序"),
        "ties_basis": mark("同分次序的依据"),
        "lot_seed": mark("抽签种子"),
        "notice_days": mark("公示工作日"),
        "stage": mark("阶段"),
        "draft_rows": mark("待签名单"),
        "rows": mark("名单"),
        "list_hash": mark("名单摘要"),
        "published_hash": mark("公布的名单"),
        "ranked_at": mark("排名时间"),
        "notice_from_on": mark("公示开始"),
        "notice_until_on": mark("公示截止"),
        "final_on": mark("定稿日期"),
        "signed_by": mark("签名人"),
        "station_code": mark("受理点"),
    },
    "round_result": {
        "round_id": mark("名额轮次"),
        "resident_id": mark("居民"),
        "case_id": mark("办件"),
        "case_number": mark("受理号"),
        "name": mark("姓名"),
        "counted_id": mark("以谁的积分计"),
        "points": mark("积分"),
        "figures": mark("同分比较"),
        "zones": mark("服务区学校"),
        "order": mark("名次"),
        "place": mark("录取"),
        "choices": mark("志愿"),
        "list_hash": mark("名单摘要"),
        "station_code": mark("受理点"),
    },
    "round_signature": {
        "round_id": mark("名额轮次"),
        "stage": mark("阶段"),
        "list_hash": mark("名单摘要"),
        "clerk_id": mark("签名人"),
        "clerk_name": mark("签名人姓名"),
        "signed_at": mark("签名时间"),
        "station_code": mark("受理点"),
    },
    "scheme_draft": {
        "name": mark("方案名称"),
        "from_on": mark("生效日期"),
        "edits": mark("改动的指标"),
        "based_on": mark("依据的版次"),
        "round": mark("提出次数"),
        "begun_by": mark("起草人"),
        "begun_name": mark("起草人姓名"),
        "begun_at": mark("起草时间"),
        "changed_name": mark("最后修改人"),
        "changed_at": mark("最后修改时间"),
        "is_withdrawn": mark("已撤回"),
        "published_number": mark("公布的版次"),
        "refusal": mark("未公布的原因"),
        "refused_hash": mark("未公布的内容"),
        "station_code": mark("受理点"),
    },
    "scheme_signature": {
        "draft_id": mark("积分方案草案"),
        "content_hash": mark("内容摘要"),
        "is_proposal": mark("提出"),
        "clerk_id": mark("签名人"),
        "clerk_name": mark("签名人姓名"),
        "signed_at": mark("签名时间"),
        "station_code": mark("受理点"),
    },
    "service": {
        "item_code": mark("事项"),
        "resident_id": mark("居民"),
        "case_id": mark("办件"),
        "began_on": mark("开始日期"),
        "ended_on": mark("结束日期"),
        "details": mark("说明"),
        "station_code": mark("受理点"),
    },
    "consent": {
        "resident_id": mark("居民"),
        "purpose_code": mark("用途"),
        "given_on": mark("同意日期"),
        "given_at": mark("同意时间"),
        "guardian_name": mark("监护人"),
        "asked_by": mark("经办人"),
        "station_code": mark("受理点"),
    },
    "notice": {
        "kind_code": mark("通知种类"),
        "case_id": mark("办件"),
        "case_number": mark("受理号"),
        "resident_id": mark("居民"),
        "applicant_name": mark("申请人"),
        "text": mark("内容"),
        "made_at": mark("发出时间"),
        "made_by": mark("发出人"),
        "stations": mark("有关受理点"),
        "station_code": mark("受理点"),
    },
    "conflict": {
        "action_id": mark("操作"),
        "subject_type": mark("记录种类"),
        "subject_id": mark("记录"),
        "field": mark("字段"),
        "before": mark("原来"),
        "theirs": mark("中心现值"),
        "yours": mark("另一值"),
        "yours_by": mark("谁写的另一值"),
        "yours_at": mark("另一值的时间"),
        "theirs_by": mark("谁写的中心现值"),
        "theirs_at": mark("中心现值的时间"),
        "found_at": mark("发现时间"),
        "state": mark("状态"),
        "chosen": mark("选定值"),
        "reason": mark("理由"),
        "resolved_by": mark("决定人"),
        "resolved_at": mark("决定时间"),
        "stations": mark("有关受理点"),
        "station_code": mark("受理点"),
    },
}

FIELD_TABLES = {
    "sex_code": "sex",
    "nation_code": "nation",
    "home_kind_code": "home_kind",
    "political_code": "politics",
    "marital_code": "marriage",
    "education_code": "education",
    "occupation_code": "occupation",
    "document_kind": "document_kind",
    "place_code": "place",
    "reason_code": "reason",
    "stay_code": "stay",
    "end_reason_code": "end_reason",
    "replace_reason_code": "replace_reason",
    "cancel_reason_code": "cancel_reason",
    "channel_code": "channel",
    "service_code": "offering",
    "use_code": "points_use",
    "purpose_code": "companion_purpose",
}

_STATES = {
    "active": mark("在住"),
    "ended": mark("已注销"),
    "accepted": mark("待审核"),
    "accepted_provisionally": mark("容缺待补"),
    "in_correction": mark("待补正"),
    "decided": mark("已办结"),
    "refused": mark("不予办理"),
    "withdrawn": mark("已撤回"),
    "revoked": mark("已收回"),
    "open": mark("待决定"),
    "resolved": mark("已决定"),
}

_SHORT = 8
"""Signs of an id or a digest that tell it from others well enough on a screen."""


_INNER = frozenset({"item_code", "situation_code", "step_code", "decision_code", "reason_codes", "station_code"})


def is_inner(field: str) -> bool:
    """Whether a field holds only the program's own signs, which tell a clerk nothing: ids, digests, codes of steps."""
    return field in _INNER or field.endswith(("_id", "_hash", "_by"))


def field_place(record_type: str, field: str) -> int:
    """Where a field stands among those of its record, as people expect them; unknown ones last."""
    names = list(FIELD_NAMES.get(record_type, ()))
    return names.index(field) if field in names else len(names)


def record_name(record_type: str) -> str:
    """What people call a kind of record; an unknown one by its own name."""
    return tr(RECORD_NAMES.get(record_type, record_type))


def field_name(record_type: str, field: str) -> str:
    """What people call a field of a record; an unknown one by its own name."""
    return tr(FIELD_NAMES.get(record_type, {}).get(field, field))


def telling_words(field: str, values: Sequence[Any]) -> list[str]:
    """Values to choose from as people read them: masked, but whole where two different ones would look the same."""
    words = [value_words(field, value) for value in values]
    different = {repr(value) for value in values}
    return (
        words
        if len(set(words)) >= len(different)
        else [str(value) if word != "—" else word for word, value in zip(words, values, strict=True)]
    )


def value_words(field: str, value: Any) -> str:
    """A plain value of a record as people read it: codes by name, numbers masked, `—` for none."""
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, bool):
        return tr("是") if value else tr("否")
    if isinstance(value, Mapping):
        return tr("{n} 项").format(n=len(value))
    if isinstance(value, (list, tuple)):
        return _list_words(field, value)
    return _text_words(field, str(value))


def _list_words(field: str, values: list[Any] | tuple[Any, ...]) -> str:
    if field == "grounds":
        return tr("、").join(codes.name("ground", str(value)) for value in values)
    if any(isinstance(value, Mapping) for value in values):
        return tr("{n} 项").format(n=len(values))
    return tr("、").join(str(value) for value in values)


def _text_words(field: str, text: str) -> str:
    if field in FIELD_TABLES:
        return codes.name(FIELD_TABLES[field], text)
    if field == "kind_code":
        return paper_name(text)
    if field == "state":
        return tr(_STATES.get(text, text))
    if field.endswith("phone"):
        return mask_phone(text)
    if field in ("document_number", "guardian_number", "landlord_number"):
        return mask_number(text)
    if field.endswith("_at"):
        return f"{datetime.fromisoformat(text).astimezone(CHINA):%Y-%m-%d %H:%M}"
    if field.endswith(("_hash", "_id", "_by")):
        return text[:_SHORT]
    return text
