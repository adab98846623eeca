"""Hyperparameters and chart layouts of TensorBoard's plugins, to plain values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker import coerce
from tracker.foreign import protos

PLUGIN = "hparams"
EXPERIMENT_TAG = "_hparams_/experiment"
START_TAG = "_hparams_/session_start_info"
END_TAG = "_hparams_/session_end_info"

_TYPES = {1: "string", 2: "bool", 3: "float64"}
_DATASETS = {1: "training", 2: "validation"}
_STATUS = {1: "success", 2: "failure", 3: "running"}


def config_of(content: bytes) -> dict[str, Any]:
    """The hyperparameters that a session began with; none where the content is another of the plugin's."""
    start = protos.HParams.FromString(content).session_start_info
    return {protos.text(entry.key): _plain(entry.value) for entry in start.hparams}


def plain(content: bytes) -> dict[str, Any]:
    """All that the content says, as JSON values."""
    message = protos.HParams.FromString(content)
    which = message.WhichOneof("data")
    if which == "session_start_info":
        start = message.session_start_info
        return {
            "session_start": {
                "hparams": config_of(content),
                "group": protos.text(start.group_name),
                "model_uri": protos.text(start.model_uri),
                "monitor_url": protos.text(start.monitor_url),
                "time": start.start_time_secs,
            }
        }
    if which == "session_end_info":
        end = message.session_end_info
        return {"session_end": {"status": _STATUS.get(end.status, "unknown"), "time": end.end_time_secs}}
    found = message.experiment
    return {
        "experiment": {
            "name": protos.text(found.name),
            "description": protos.text(found.description),
            "user": protos.text(found.user),
            "time": found.time_created_secs,
            "hparams": [_domain(info) for info in found.hparam_infos],
            "metrics": [
                {
                    "tag": protos.text(info.name.tag),
                    "group": protos.text(info.name.group),
                    "display_name": protos.text(info.display_name),
                    "description": protos.text(info.description),
                    "dataset": _DATASETS.get(info.dataset_type, "unknown"),
                }
                for info in found.metric_infos
            ],
        }
    }


def _domain(info: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": protos.text(info.name),
        "display_name": protos.text(info.display_name),
        "description": protos.text(info.description),
        "type": _TYPES.get(info.type, "unset"),
    }
    if info.HasField("domain_discrete"):
        found["values"] = [_plain(value) for value in info.domain_discrete.values]
    if info.HasField("domain_interval"):
        found["interval"] = [info.domain_interval.min_value, info.domain_interval.max_value]
    return found


def _plain(value: Any) -> Any:
    which = value.WhichOneof("kind")
    if which == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if which == "string_value":
        return protos.text(value.string_value)
    if which == "bool_value":
        return value.bool_value
    if which == "list_value":
        return [_plain(each) for each in value.list_value.values]
    if which == "struct_value":
        return {protos.text(entry.key): _plain(entry.value) for entry in value.struct_value.fields}
    return None


def _set(message: Any, value: Any) -> None:
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, (int, float)):
        message.number_value = value
    else:
        message.string_value = coerce.text(value).encode()


def content_of(found: Mapping[str, Any]) -> bytes:
    """What `plain` said, as the content of a summary again."""
    message = protos.HParams()
    if "session_start" in found:
        said = found["session_start"]
        start = message.session_start_info
        start.group_name, start.model_uri = said["group"].encode(), said["model_uri"].encode()
        start.monitor_url, start.start_time_secs = said["monitor_url"].encode(), said["time"]
        for name, value in said["hparams"].items():
            _set(start.hparams.add(key=name.encode()).value, value)
    elif "session_end" in found:
        end = message.session_end_info
        end.status = {word: number for number, word in _STATUS.items()}.get(found["session_end"]["status"], 0)
        end.end_time_secs = found["session_end"]["time"]
    else:
        _fill_experiment(message.experiment, found["experiment"])
    content: bytes = message.SerializeToString()
    return content


def _fill_experiment(message: Any, said: Mapping[str, Any]) -> None:
    message.name, message.description = said["name"].encode(), said["description"].encode()
    message.user, message.time_created_secs = said["user"].encode(), said["time"]
    types = {word: number for number, word in _TYPES.items()}
    datasets = {word: number for number, word in _DATASETS.items()}
    for each in said["hparams"]:
        info = message.hparam_infos.add(name=each["name"].encode(), type=types.get(each["type"], 0))
        info.display_name, info.description = each["display_name"].encode(), each["description"].encode()
        for value in each.get("values", ()):
            _set(info.domain_discrete.values.add(), value)
        if "interval" in each:
            info.domain_interval.min_value, info.domain_interval.max_value = each["interval"]
    for each in said["metrics"]:
        metric = message.metric_infos.add(dataset_type=datasets.get(each["dataset"], 0))
        metric.name.tag, metric.name.group = each["tag"].encode(), each["group"].encode()
        metric.display_name, metric.description = each["display_name"].encode(), each["description"].encode()


def experiment(config: Mapping[str, Any], metrics: Sequence[str], discrete: Mapping[str, Sequence[Any]]) -> bytes:
    """The content of a summary that declares hyperparameters and metrics."""
    message = protos.HParams()
    for name, value in config.items():
        info = message.experiment.hparam_infos.add(name=name.encode())
        info.type = 2 if isinstance(value, bool) else 3 if isinstance(value, (int, float)) else 1
        for each in discrete.get(name, ()):
            _set(info.domain_discrete.values.add(), each)
    for tag in metrics:
        message.experiment.metric_infos.add().name.tag = coerce.text(tag).encode()
    content: bytes = message.SerializeToString()
    return content


def session_start(config: Mapping[str, Any], wall_time: float) -> bytes:
    """The content of a summary that says what a session began with."""
    message = protos.HParams()
    message.session_start_info.start_time_secs = wall_time
    for name, value in config.items():
        _set(message.session_start_info.hparams.add(key=str(name).encode()).value, value)
    content: bytes = message.SerializeToString()
    return content


def session_end(wall_time: float, *, well: bool = True) -> bytes:
    """The content of a summary that says that a session ended, well or not."""
    message = protos.HParams()
    message.session_end_info.status = 1 if well else 2
    message.session_end_info.end_time_secs = wall_time
    content: bytes = message.SerializeToString()
    return content


def layout_of(data: bytes) -> dict[str, Any]:
    """A layout of custom charts, in the form that `SummaryWriter.add_custom_scalars` takes."""
    found: dict[str, Any] = {}
    for category in protos.Layout.FromString(data).category:
        charts = found.setdefault(protos.text(category.title), {})
        for chart in category.chart:
            if chart.WhichOneof("content") == "margin":
                tags = [
                    protos.text(tag) for each in chart.margin.series for tag in (each.value, each.lower, each.upper)
                ]
                charts[protos.text(chart.title)] = ["Margin", tags]
            else:
                charts[protos.text(chart.title)] = ["Multiline", [protos.text(tag) for tag in chart.multiline.tag]]
    return found


def layout(plain_layout: Mapping[str, Mapping[str, Sequence[Any]]]) -> bytes:
    """A layout of custom charts as TensorBoard's message."""
    message = protos.Layout()
    for title, charts in plain_layout.items():
        category = message.category.add(title=str(title).encode())
        for name, (kind, tags) in charts.items():
            chart = category.chart.add(title=str(name).encode())
            names = [str(tag).encode() for tag in tags]
            if kind == "Margin":
                for value, lower, upper in zip(names[::3], names[1::3], names[2::3], strict=True):
                    chart.margin.series.add(value=value, lower=lower, upper=upper)
            else:
                chart.multiline.tag.extend(names)
    data: bytes = message.SerializeToString()
    return data
