"""The keys of a model's `config.json`: which were read, what they say, and which of those left must not be passed over."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from planner.language.families import Family
from planner.model.language_models import MOST

_LONGEST_VALUE = 40


class NotUnderstoodError(ValueError):
    """A key of a model's file is not understood, or says what cannot be; the text names the key and its value."""


class Keys:
    """The keys of one text model, read by the declaration of its family.

    Args:
        config: the JSON object.
        family: says what a figure is called there.
        is_nested: the text model stands inside another, whose files leave out what the family's code knows.
    """

    def __init__(self, config: Mapping[str, Any], family: Family, *, is_nested: bool = False) -> None:
        self.config = config
        self.family = family
        self._defaults = family.default_values
        self._is_nested = is_nested
        self._read: set[str] = set(family.keys.get("unused", ()))
        self._assumed: list[str] = []

    def needed(self, field: str) -> int:
        """The figure, which must be there and above 0.

        Raises:
            NotUnderstoodError: it is not there, or is no such number.
        """
        found = self.whole(field, may_be_null=False)
        names = ", ".join(self.family.keys.get(field, (field,)))
        if found is None:
            raise NotUnderstoodError(
                f"it has none of {names}, which {self.family.model_type} files leave to defaults"
                if self._is_nested
                else f"it has none of {names}"
            )
        if found < 1:
            raise NotUnderstoodError(f"{names} must be at least 1, not {found}")
        return found

    def is_known(self, field: str) -> bool:
        """Whether the file states the figure, as a null too, or the family has a value of its own."""
        return any(self._value(key)[0] or key in self._defaults for key in self.family.keys.get(field, ()))

    def whole(self, field: str, *, may_be_null: bool | None = None) -> int | None:
        """The figure as a whole number; `None` if neither the file nor the family says it, or it is null and may be.

        A null stands for "worked out from the rest", which a figure may be that has no default of its own.

        Raises:
            NotUnderstoodError: it is no whole number from 0 on, or is null, or two keys contradict each other.
        """
        found: dict[str, int] = {}
        may_be_default = self._is_nested or field not in _STATED
        keys = self.family.keys.get(field, ())
        for spec in keys:
            key, _, parts = spec.partition("/")
            if key.isdigit():
                found["the family's"] = int(key)
                continue
            is_there, value = self._value(key)
            if not is_there:
                continue
            if value is None:
                if may_be_null is None:
                    may_be_null = field in _ABSENT or (field in _WORKED_OUT and key not in self._defaults)
                if not may_be_null:
                    raise NotUnderstoodError(f"{key} is null, and no size can be taken from that: state it")
                may_be_default = False
                continue
            found[key] = _number(key, value, MOST.get(field)) // int(parts or 1)
        if len(set(found.values())) > 1 and field != "longest":
            raise NotUnderstoodError(
                f"{' and '.join(f'{key} {value}' for key, value in found.items())} contradict each other"
            )
        if found:
            return next(iter(found.values()))
        return self._default(field, keys) if may_be_default else None

    def flag(self, field: str) -> bool:
        """Whether the file, or else the family, says yes.

        Raises:
            NotUnderstoodError: it is neither true nor false.
        """
        for key in self.family.keys.get(field, ()):
            is_there, value = self._value(key)
            if is_there and value is not None:
                if not isinstance(value, bool):
                    raise NotUnderstoodError(f"{key} must be true or false, not {shown(value)}")
                return value
            if key in self._defaults:
                return bool(self._defaults[key])
        return False

    def items(self, field: str) -> list[Any] | None:
        """The list of that name; `None` if there is none.

        Raises:
            NotUnderstoodError: it is no list.
        """
        for key in self.family.keys.get(field, ()):
            is_there, value = self._value(key)
            if is_there and value is not None:
                if not isinstance(value, list):
                    raise NotUnderstoodError(f"{key} must be a list, not {shown(value)}")
                return value
        return None

    def check_all_read(self) -> None:
        """Refuses keys that nobody read and that speak of experts, layers or state space.

        Raises:
            NotUnderstoodError: there are such keys.
        """
        odd = unread(self.config, self._read)
        if odd:
            key, value = next(iter(odd.items()))
            raise NotUnderstoodError(
                f"{shown(key)[1:-1]} {shown(value)} is not understood in a {self.family.model_type} model, "
                "and may change what is counted"
            )

    def remarks(self) -> tuple[str, ...]:
        """What is said beside the answer: parts that are not counted, sizes that the family's defaults gave."""
        ahead = sorted(key for key, value in self.config.items() if _AHEAD.search(key) and value)
        beside = sorted(key for key in self.config if _BESIDE.search(key) and self.config[key] and not self._is_nested)
        remarks = (
            [f"not counted, in memory and in time: what {', '.join(beside)} in the file speaks of"] if beside else []
        )
        if ahead:
            remarks.append(f"layers that predict tokens further ahead are not counted ({', '.join(ahead)})")
        if self._assumed:
            remarks.append(f"left out in the file, taken from the family's defaults: {', '.join(self._assumed)}")
        return tuple(remarks)

    def _value(self, key: str) -> tuple[bool, Any]:
        """Whether the key, dotted if nested, is in the file, and its value; it counts as read."""
        self._read.add(key)
        place: Any = self.config
        for part in key.split("."):
            if not isinstance(place, dict) or part not in place:
                return False, None
            place = place[part]
        return True, place

    def _default(self, field: str, keys: Collection[str]) -> int | None:
        for key in keys:
            if key in self._defaults:
                value = int(self._defaults[key])
                if field in _STATED:
                    self._assumed.append(f"{key} {value:,}")
                return value
        return None


def dense_layers(keys: Keys, layers: int) -> int:
    """How many layers of a mixture have no experts: by a list of layers, or by first, last and every how many.

    Raises:
        NotUnderstoodError: a list has another length than there are layers, or holds something else.
    """
    kinds, sparse = keys.items("kinds"), keys.items("sparse")
    dense = {_index("a layer without experts", one, layers) for one in keys.items("dense") or ()}
    first, last = keys.whole("dense_layers") or 0, keys.whole("last_expert_layer")
    step, ahead = keys.whole("step") or 1, keys.whole("step_ahead") or 0
    if kinds is not None:
        if len(kinds) != layers or not set(map(str, kinds)) <= {"dense", "sparse", "moe", "0", "1"}:
            raise NotUnderstoodError(
                f"{'|'.join(keys.family.keys['kinds'])} {shown(kinds)} must say dense or sparse {layers} times"
            )
        return sum(str(kind) in ("dense", "0") for kind in kinds)
    if sparse is not None:
        return layers - len({_index("a layer with experts", one, layers) for one in sparse})
    end = layers - 1 if last is None else min(last, layers - 1)
    with_experts = {layer for layer in range(first, end + 1) if (layer + ahead) % step == 0} - dense
    return layers - len(with_experts)


def unread(config: Mapping[str, Any], read: Collection[str]) -> dict[str, Any]:
    """The keys, dotted if nested, that speak of experts, layers or state space and were not read, with their values."""
    tops = {key.partition(".")[0] for key in read}
    return {
        key: value
        for key, name, value in _flat(config)
        if key not in read
        and value not in (None, False, 0, [], {}, "", *_USUAL)
        and _speaks(name, value)
        and not (key in tops and isinstance(value, dict))
        and not _is_kinds_of_attention(value)
    }


def _flat(config: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every key, dotted and alone, and its value, of nested objects too; with a stack, since a file may nest deeper than calls can."""
    left: list[tuple[str, Any]] = [("", config)]
    while left:
        before, place = left.pop(0)
        for key, value in place.items():
            if _APART.search(key) and not _COUNTS.search(key):
                continue
            yield f"{before}{key}", key, value
            inside = value if isinstance(value, list) else [value]
            left += [(f"{before}{key}.", one) for one in inside if isinstance(one, dict)]


def _speaks(key: str, value: Any) -> bool:
    if _COUNTS.search(key) and isinstance(value, int) and not isinstance(value, bool) and not _AHEAD.search(key):
        return True
    return bool(_SPEAKS.search(key)) and not _HARMLESS.search(key)


_USUAL = ("default", "multihead_attention")
"""Values that say that a part is as always."""

_MOST = 1_000_000_000
"""Above every count in a model; what is larger is a typing error."""

_STATED = ("layers", "hidden", "heads", "vocabulary", "feed_forward")
"""Figures that a file must state, unless its text model is nested in another."""

_WORKED_OUT = ("kv_heads", "head_size", "expert_feed_forward", "longest", "last_expert_layer", "step")
"""Figures that may be null where the family has no value of its own: they are then worked out from others."""

_ABSENT = ("query_rank", "experts", "shared_experts", "shared_width", "experts_per_token", "dense_layers")
"""Figures whose null says that there is no such part."""

_COUNTS = re.compile(r"expert|moe_num|num_moe|n_moe|num_.*layers$", re.IGNORECASE)
"""Keys whose whole numbers always count something."""

_SPEAKS = re.compile(
    r"expert|moe|router|routed|layer|block|ssm|mamba|state|conv|linear_|recurrent|rwkv|lru|mtp|nextn|altup|laurel|cross_att"
    r"|ffn|mlp|intermediate|inner|lora|kv_|num_.*heads|n_head|embedding_size|emb_dim|embed_dim|proj_dim|attn_type|hidden_?size|vocab|no_op|share|tie_|tied",
    re.IGNORECASE,
)
"""Keys that may change what is counted."""

_HARMLESS = re.compile(
    r"eps|_fn$|norm_min|strategy|loss_weight|uniform_expert|lambda|use_aux|gate$|moe_use_|mtp|layer_?norm|every_n|dropout|drop$|layerdrop|initializer|_std$|token_id|aux_loss|z_loss|jitter|router_logits|scal|score|scoring|norm_topk|capacity"
    r"|max_window_layers|no_rope|pretraining_tp|_act$|act_fn|activation|hidden_act|topk_method|normali[sz]e|temperature|bias|use_cache"
    r"|output_hidden|cache|clip|chunk|group|fp32|float8|float32|qk_layernorm|qk_norm|use_qk|rope|impl$|implementation|sliding|window|ep_size"
    r"|attn_logit|softmax|return_dict|torch|dtype|kernel|router_dtype|first_layer_fusion|use_mup|interleave$|deterministic"
    r"|hidden_states|apply_residual|post_layer|parallel|nextn|gating|update_rate|bias_update",
    re.IGNORECASE,
)
"""Keys that speak of those, but count nothing."""

_APART = re.compile(
    r"vision|visual|^mm_|image|audio|video|speech|quantization|task_specific|id2label|label2id|rope_|auto_map|generation|talker|compression",
    re.IGNORECASE,
)
"""Parts beside the text model, and what is no part of a model."""

_BESIDE = re.compile(r"^(?!.*token).*(vision|visual|audio|image|video|speech|tower|projector)", re.IGNORECASE)
"""Keys of towers."""

_AHEAD = re.compile(r"nextn|mtp")
"""Keys of layers that predict more than the next token; they are trained apart, and left out by most code."""

_ATTENTION = frozenset(
    ("full_attention", "sliding_attention", "chunked_attention", "global", "local", "indexed_attention")
)


def _is_kinds_of_attention(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) and one in _ATTENTION for one in value)


def _number(key: str, value: Any, most: int | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotUnderstoodError(f"{key} must be a whole number, not {shown(value)}")
    least = 0 if most is None else 1
    if not least <= value <= (most or _MOST):
        raise NotUnderstoodError(f"{key} must be {least} to {most or _MOST:,}, not {shown(value)}")
    return value


def _index(what: str, value: Any, layers: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < layers:
        raise NotUnderstoodError(f"{what} must be 0 to {layers - 1}, not {shown(value)}")
    return value


def shown(value: Any) -> str:
    """The value as it stands in the file, cut short."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 100:
        return f"a number of about {int(value.bit_length() * 0.30103)} digits"
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
