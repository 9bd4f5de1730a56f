#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

constexpr auto chinese_of_record = std::to_array<Sentence>({
    {"profile.heads", "表计档案|可信度|能源|测点|通信|表计"},
    {"profile.next", "下一步：jidian profiles ID 查看其中一个。"},
    {"profile.confidence.verified", "已核对"},
    {"profile.confidence.high", "较高"},
    {"profile.confidence.unverified", "未核对"},
    {"profile.carrier.none", "无"},
    {"profile.carrier.electricity", "电"},
    {"profile.carrier.gas", "燃气"},
    {"profile.carrier.heat", "热"},
    {"profile.carrier.water", "水"},
    {"profile.link", "{baud} 8{parity}{stop}，地址 {unit}"},
    {"profile.meter", "表计"},
    {"profile.known", "可信度"},
    {"profile.known-verified", "已核对：与实际表计的显示比对过"},
    {"profile.known-high", "较高：多个独立来源一致，或有正式定义"},
    {"profile.known-unverified", "未核对：请将数值与表计显示比对"},
    {"profile.source", "来源"},
    {"profile.checked", "检验"},
    {"profile.checked-by", "{count} 组已知报文"},
    {"profile.delivered", "出厂设置"},
    {"profile.connected", "接线"},
    {"profile.direct", "直接接入，不经互感器"},
    {"profile.transformer", "经电流互感器接入"},
    {"profile.either", "直接接入或经电流互感器接入，视版本而定"},
    {"profile.settable", "可设为"},
    {"profile.bauds", "波特率 {bauds}"},
    {"profile.parities", "校验 {parities}"},
    {"profile.requests", "请求"},
    {"profile.limits", "每次最多 {count} 个寄存器，不跨越空洞"},
    {"profile.limits-gap", "每次最多 {count} 个寄存器，可跨越最多 {gap} 个寄存器的空洞"},
    {"profile.short", "；部分表计只接受 {count} 个寄存器"},
    {"profile.turnaround", "；两次请求间隔 {ms} ms"},
    {"profile.latency", "；应答最迟可能在 {ms} ms 后到达"},
    {"profile.recognised", "识别方式"},
    {"profile.sunspec", "SunSpec 模型 {models}；偏移从其 ID 寄存器算起"},
    {"profile.object", "功能码 43 的对象 {object}"},
    {"profile.server-id", "功能码 17"},
    {"profile.alone", "{place}，单独读取"},
    {"profile.count-of", "{type}，共 {count} 个"},
    {"profile.serial", "表号"},
    {"profile.firmware", "固件"},
    {"profile.point-heads", "|测点|表|地址|十六进制|手册编号|类型|单位|数值|备注"},
    {"profile.offset-heads", "|测点|表|偏移|十六进制|手册编号|类型|单位|数值|备注"},
    {"profile.legend",
     "“地址”为线路上的地址，从 0 算起；“手册编号”与多数手册一样从 1 算起。* 表示站点文件未选择测点时也记录。"},
    {"profile.low-word", "低字在前"},
    {"profile.low-byte", "低字节在前"},
    {"profile.bit", "第 {first} 位"},
    {"profile.bits", "第 {first} 至 {last} 位"},
    {"profile.negative", "{point} 为 1 时取负值"},
    {"profile.only-while", "仅当 {point} 为 {values} 时有效"},
    {"profile.or", "{values} 或 {value}"},
    {"profile.none", "{pattern} 表示无值"},
    {"profile.least", "不小于 {value}"},
    {"profile.most", "不大于 {value}"},
    {"profile.modulus", "到 {value} 时归零"},
    {"export.cut", "输出未能全部写出"},
    {"export.batches", "{count} 个批次"},
    {"export.readings", "，{count} 个读数"},
    {"export.rows", "，{count} 行"},
    {"export.none", "；没有表计“{meter}”的读数"},
    {"export.others", "，现有：{ids}"},
    {"export.damaged", "；{count} 个批次已损坏，未导出"},
    {"export.next-verify", "下一步：jidian verify"},
    {"export.next-file", "下一步：jidian verify 文件"},
    {"verify.heads", "纪元|数据流|批次|链头"},
    {"verify.copies", "其中 {count} 个批次是因冲突被拒收的批次的副本。"},
    {"verify.finding", "发现  {what}"},
    {"verify.more", "…… 另有 {count} 处"},
    {"verify.whole", "各链完整。请用上面的链头与接收方核对。"},
    {"verify.broken", "记录已损坏或被改动。请保留文件，并告知省平台。"},
});

}  // namespace

std::span<const Sentence> chinese_record_sentences() {
  return chinese_of_record;
}

}  // namespace jidian::app
