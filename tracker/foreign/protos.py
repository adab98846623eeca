"""The messages of event files, as far as we read and write them: field numbers and types, in a table of our own.

The classes live in a descriptor pool of their own, so that TensorFlow's and TensorBoard's of the same name can be
loaded beside them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_SCHEMA = """
Event: wall_time 1 double, step 2 int64, file_version 3 string what, graph_def 4 bytes what, summary 5 Summary what,
    log_message 6 LogMessage what, session_log 7 SessionLog what, tagged_run_metadata 8 TaggedRunMetadata what,
    meta_graph_def 9 bytes what, source_metadata 10 SourceMetadata
LogMessage: level 1 int32, message 2 string
SessionLog: status 1 int32, checkpoint_path 2 string, msg 3 string
TaggedRunMetadata: tag 1 string, run_metadata 2 bytes
SourceMetadata: writer 1 string
Summary: value 1 Value*
Value: tag 1 string, node_name 7 string, metadata 9 SummaryMetadata, simple_value 2 float value, image 4 Image value,
    histo 5 HistogramProto value, audio 6 Audio value, tensor 8 TensorProto value
SummaryMetadata: plugin_data 1 PluginData, display_name 2 string, summary_description 3 string, data_class 4 int32
PluginData: plugin_name 1 string, content 2 bytes
Image: height 1 int32, width 2 int32, colorspace 3 int32, encoded_image_string 4 bytes
Audio: sample_rate 1 float, num_channels 2 int64, length_frames 3 int64, encoded_audio_string 4 bytes,
    content_type 5 string
HistogramProto: min 1 double, max 2 double, num 3 double, sum 4 double, sum_squares 5 double,
    bucket_limit 6 double*, bucket 7 double*
TensorProto: dtype 1 int32, tensor_shape 2 TensorShapeProto, tensor_content 4 bytes, half_val 13 int32*,
    float_val 5 float*, double_val 6 double*, int_val 7 int32*, string_val 8 bytes*, int64_val 10 int64*,
    bool_val 11 bool*, uint32_val 16 uint32*, uint64_val 17 uint64*
TensorShapeProto: dim 2 Dim*, unknown_rank 3 bool
Dim: size 1 int64, name 2 string
GraphDef: node 1 NodeDef*, versions 4 VersionDef, library 2 FunctionDefLibrary
VersionDef: producer 1 int32
FunctionDefLibrary: function 1 FunctionDef*
FunctionDef: signature 1 OpDef, node_def 3 NodeDef*
OpDef: name 1 string
NodeDef: name 1 string, op 2 string, input 3 string*, device 4 string, attr 5 AttrEntry*
AttrEntry: key 1 string, value 2 AttrValue
AttrValue: list 1 ListValue, s 2 bytes value, i 3 int64 value, f 4 float value, b 5 bool value, type 6 int32 value,
    shape 7 TensorShapeProto value, tensor 8 TensorProto value
ListValue: s 2 bytes*, i 3 int64*, f 4 float*, b 5 bool*, type 6 int32*, shape 7 TensorShapeProto*
RunMetadata: step_stats 1 StepStats, function_graphs 4 FunctionGraphs*
StepStats: dev_stats 1 DeviceStepStats*
DeviceStepStats: device 1 string, node_stats 2 NodeExecStats*
NodeExecStats: node_name 1 string, all_start_micros 2 int64, op_start_rel_micros 3 int64, op_end_rel_micros 4 int64,
    all_end_rel_micros 5 int64, timeline_label 8 string, thread_id 10 uint32
FunctionGraphs: partition_graphs 1 bytes*, pre_optimization_graph 2 bytes
HParams: version 1 int32, experiment 2 Experiment data, session_start_info 3 SessionStart data,
    session_end_info 4 SessionEnd data
Experiment: description 1 string, user 2 string, time_created_secs 3 double, hparam_infos 4 HParamInfo*,
    metric_infos 5 MetricInfo*, name 6 string
HParamInfo: name 1 string, display_name 2 string, description 3 string, type 4 int32, domain_discrete 5 PlainList,
    domain_interval 6 Interval
Interval: min_value 1 double, max_value 2 double
MetricInfo: name 1 MetricName, display_name 3 string, description 4 string, dataset_type 5 int32
MetricName: group 1 string, tag 2 string
SessionStart: hparams 1 PlainEntry*, model_uri 2 string, monitor_url 3 string, group_name 4 string,
    start_time_secs 5 double
SessionEnd: status 1 int32, end_time_secs 2 double
PlainEntry: key 1 string, value 2 Plain
Plain: null_value 1 int32 kind, number_value 2 double kind, string_value 3 string kind, bool_value 4 bool kind,
    struct_value 5 PlainMap kind, list_value 6 PlainList kind
PlainMap: fields 1 PlainEntry*
PlainList: values 1 Plain*
PrCurve: version 1 int32, num_thresholds 2 uint32
Mesh: version 1 int32, name 2 string, content_type 3 int32, json_config 5 string, shape 6 int32*, components 7 uint32
Layout: version 1 int32, category 2 Category*
Category: title 1 string, chart 2 Chart*, closed 3 bool
Chart: title 1 string, multiline 2 Multiline content, margin 3 Margin content
Multiline: tag 1 string*
Margin: series 1 MarginSeries*
MarginSeries: value 1 string, lower 2 string, upper 3 string
"""
"""A message a line: field name, number, type, `*` for repeated; a last word names its oneof."""

_FIELD = descriptor_pb2.FieldDescriptorProto


def classes(schema: str, package: str) -> dict[str, Any]:
    """The classes of the messages of a table, by name.

    Args:
        schema: A message a line: its name, and its fields with number and type; see `_SCHEMA`.
        package: What they are known by in our pool, each once.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for line in schema.strip().replace("\n    ", " ").splitlines():
        name, _, fields = line.partition(":")
        message = file.message_type.add(name=name)
        choices: list[str] = []
        for field in fields.split(","):
            label, number, kind, *choice = field.split()
            added = message.field.add(name=label, number=int(number))
            added.label = _FIELD.LABEL_REPEATED if kind.endswith("*") else _FIELD.LABEL_OPTIONAL
            kind = kind.rstrip("*")
            if kind[0].isupper():
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                # proto3 refuses a whole message for one text that is not UTF-8: texts are read as bytes here.
                kind = "bytes" if kind == "string" else kind
                added.type = getattr(_FIELD, f"TYPE_{kind.upper()}")
            if choice:
                if choice[0] not in choices:
                    choices.append(choice[0])
                    message.oneof_decl.add(name=choice[0])
                added.oneof_index = choices.index(choice[0])
    _pool.Add(file)
    return {
        message.name: message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{package}.{message.name}"))
        for message in file.message_type
    }


_pool = descriptor_pool.DescriptorPool()
_known = classes(_SCHEMA, "everystep")


def message_class(name: str) -> Any:
    """The class of a message of the table.

    Raises:
        KeyError: the table has none of that name.
    """
    return _known[name]


Event = message_class("Event")
Summary = message_class("Summary")
GraphDef = message_class("GraphDef")
HParams = message_class("HParams")
Mesh = message_class("Mesh")
PrCurve = message_class("PrCurve")
Layout = message_class("Layout")

SESSION_START = 1
"""`SessionLog.status` of a training that begins, or begins again from a checkpoint."""


def text(data: bytes) -> str:
    """A text field as text; bytes that are no UTF-8 stay visible as their escapes."""
    return data.decode("utf-8", "backslashreplace")
