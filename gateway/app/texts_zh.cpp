#include <array>

#include "app/texts_tables.hpp"

// Words of the trade: meter 表计, bus 总线, unit 地址, profile 表型, facility 设施, site file 站点文件, reading 读数,
// batch 批次, receipt 回执, backend 上级平台, broker 消息服务器, master 主站, name plate 铭牌.
namespace jidian::app {
namespace {

constexpr auto chinese = std::to_array<Sentence>({
    {"scan.listened", "已先监听 {seconds} 秒：听到其他设备 {bytes} 字节。"},
    {"scan.settings", "串口参数：{settings}"},
    {"scan.plan", "先按每组参数查 {units} 个地址；仅无应答的地址就约需 {seconds} 秒。按 Ctrl-C 可中止，已找到的保留。"},
    {"scan.progress", "{percent} %  {settings}  地址 {unit}  已找到 {found}"},
    {"scan.unknown", "有应答，型号不明"},
    {"scan.looks-like", "疑似"},
    {"scan.configured", "（即站点文件中的 {meter}）"},
    {"scan.unit", "地址 {unit}"},
    {"scan.serial", "编号 {serial}"},
    {"scan.noise", "  {settings}  -  {bytes} 字节乱码：线上是否为其他波特率或校验？"},
    {"scan.summary", "共找到 {count} 块表计。"},
    {"scan.summary-cut", "目前找到 {count} 块表计；搜索未完成。"},
    {"scan.next-named", "下一步：jidian add {bus} {unit} --profile {profile}"},
    {"scan.next-unknown", "下一步：jidian show-as {bus} {unit} holding 0 2"},
    {"scan.next-known", "下一步：均已写入站点文件。请运行：jidian status"},
    {"scan.next-nothing", "下一步：jidian doctor {bus} 判断线路故障；scan --full 试遍所有串口参数"},
    {"trace.lost", "（另有 {frames} 帧未能显示）"},
    {"trace.next", "下一步：jidian doctor {bus} 统计错误并指出可能的原因"},
    {"doctor.heads", "表计|地址|询问|正常|无应答|乱码|多余帧"},
    {"doctor.begin", "反复询问总线 {bus} 上的所有表计，历时 {seconds} 秒 …"},
    {"doctor.line",
     "共 {requests} 次询问；乱码 {stray} 字节，其中 {idle} 字节出现在无人询问时；帧错误 {framing} 次，校验错误 "
     "{parity} 次"},
    {"doctor.likely", "可能原因：{cause}"},
    {"doctor.clean", "一切正常。下一步：jidian status"},
    {"doctor.fair", "线路正常。下一步：jidian status"},
    {"doctor.next", "下一步：先排除第一条原因，再运行 jidian doctor {bus}"},
    {"doctor.nothing_asked", "站点文件中该总线上没有表计"},
    {"doctor.nothing_asked.evidence", "没有可询问的对象。"},
    {"doctor.nothing_asked.advice", "-> 用 jidian scan 查找线上的表计"},
    {"doctor.other_master", "线上另有主站"},
    {"doctor.other_master.evidence", "无人询问时收到 {frames} 个完整的帧。"},
    {"doctor.other_master.advice", "-> 断开另一主站，或经由它读取表计"},
    {"doctor.echo", "适配器收到了自己发出的询问（回波）"},
    {"doctor.echo.evidence", "{requests} 次询问中有 {echoes} 次原样返回。"},
    {"doctor.echo.advice", "-> 发送时关闭接收：多数适配器有跳线（RE 与 DE 相连）；本机串口写 rs485 = true"},
    {"doctor.line_silent", "线路毫无应答"},
    {"doctor.line_silent.evidence", "{requests} 次询问，未收到任何字节。"},
    {"doctor.line_silent.advice",
     "-> 检查表计电源、串口是否选对、A 接 A、B 接 B，再查波特率和校验：jidian scan 会逐一尝试"},
    {"doctor.wires_swapped", "A、B 线接反"},
    {"doctor.wires_swapped.evidence",
     "所有地址都只有噪声，其中 {idle} 字节出现在无人询问时；{requests} 次询问无一有效应答。"},
    {"doctor.wires_swapped.advice", "-> 在网关侧对调 A、B；若仍如此，检查偏置电阻或强干扰"},
    {"doctor.wrong_settings", "波特率或校验不对"},
    {"doctor.wrong_settings.evidence",
     "有应答但全是乱码：{bytes} 字节，帧错误 {framing} 次，校验错误 {parity} 次；无人询问时线路安静。"},
    {"doctor.wrong_settings.advice", "-> 用 jidian scan 查出参数，再改总线的波特率和校验"},
    {"doctor.dead_unit", "地址 {unit}（{meter}）无应答"},
    {"doctor.dead_unit.evidence", "{requests} 次询问中 {silent} 次无应答，而其他表计有应答。"},
    {"doctor.dead_unit.advice", "-> 检查该表电源、接线端子，以及表显菜单中的地址和串口参数"},
    {"doctor.slow_unit", "地址 {unit}（{meter}）时有时无"},
    {"doctor.slow_unit.evidence", "{requests} 次询问中 {silent} 次无应答，{good} 次正常；{extra} 帧来得太迟。"},
    {"doctor.slow_unit.advice", "-> 有迟到的帧：加大 response_timeout；没有：端子松动，或该表需要 turnaround 间隔"},
    {"doctor.duplicate_address", "有两块表计的地址都是 {unit}（{meter}）"},
    {"doctor.duplicate_address.evidence",
     "只有该地址是乱码：{requests} 次中 {corrupt} 次，应答之外另有 {extra} 帧；其他地址正常。"},
    {"doctor.duplicate_address.advice", "-> 断开 {meter}：若地址 {unit} 仍有应答，找到另一块表并改用单独的地址"},
    {"doctor.missing_termination", "缺 120 欧终端电阻，或支线过长"},
    {"doctor.missing_termination.evidence",
     "地址 {units}：短应答 {short_requests} 次中乱码 {short_corrupt} 次，长应答 {long_requests} 次中乱码 "
     "{long_corrupt} 次；"
     "另有 {clean} 个地址正常，故不是波特率问题。"},
    {"doctor.missing_termination.advice", "-> 仅在电缆两端各接 120 欧电阻；支线短于 1 米"},
    {"doctor.noise", "线路受干扰"},
    {"doctor.noise.evidence", "收到不成帧的字节，所有地址都有，或出现在无人询问时。"},
    {"doctor.noise.advice", "-> 屏蔽层单端接地，远离变频器和电机电缆，检查偏置电阻"},
    {"doctor.usb_latency", "USB 适配器使每次应答延迟 {latency_ms} 毫秒"},
    {"doctor.usb_latency.evidence", "其 latency timer 为 {latency_ms} 毫秒。"},
    {"doctor.usb_latency.advice", "-> 在 /sys/bus/usb-serial/devices 下该串口的 latency_timer 中写入 1"},
    {"show-as.words", "地址 {unit}，{table}，自 {address} 起：{words}"},
    {"show-as.legend", "* 像是现场的电气量"},
    {"show-as.match", "  = {expected}，偏差 {deviation} % 以内"},
    {"show-as.suggest", "最吻合：{address} 处的 {type} {order}。写入表型文件："},
    {"show-as.no-match",
     "无论字序和小数点如何，这里都没有 {expected}。下一步：试相邻寄存器（说明书常从 1 "
     "起计），或换一张寄存器表（holding、input）。"},
    {"show-as.next-expect", "下一步：告诉本命令表显数值，例如 --expect 231"},
    {"show-as.next-profile", "下一步：把这一行写入自己的表型文件，见 docs/profiles.md"},
    {"add.no-profile", "没有表型“{profile}”{hint}；jidian profiles 列出全部表型，jidian scan 可辨认表计型号"},
    {"add.mistakes", "加入此表后站点文件将有错误；未写入任何内容："},
    {"add.not-asked", "{why}因此未能询问表计，未写入任何内容；加 --no-probe 可不询问直接写入"},
    {"add.bus-unknown", "正在运行的网关还不认识总线 {bus}；请重启网关（systemctl restart jidian），或加 --no-probe"},
    {"add.silent",
     "总线 {bus} 上地址 {unit} 没有有效应答；未写入任何内容。请检查该表的电源、接线和地址；"
     "jidian scan {bus} --units {unit} 会试其他串口参数。加 --no-probe 可仍然写入"},
    {"add.differs",
     "地址 {unit} 有应答，但不是 {model}，疑似 {others}；未写入任何内容。请改写 --profile {other}，若确有把握则加 "
     "--no-probe"},
    {"add.differs-unnamed",
     "地址 {unit} 有应答，但未报告自己是 {model}；未写入任何内容。请核对铭牌；加 --no-probe 可仍然写入"},
    {"add.refuses",
     "地址 {unit} 有应答，但没有 {model} 的寄存器，疑似 {others}；未写入任何内容。请改写 --profile "
     "{other}，若确有把握则加 --no-probe"},
    {"add.refuses-unnamed",
     "地址 {unit} 有应答，但没有 {model} 的寄存器；未写入任何内容。请核对铭牌；加 --no-probe 可仍然写入"},
    {"add.serial-differs",
     "表计报告的出厂编号是 {told}，不是 {given}；未写入任何内容。可能不是您以为的那块表，或抄写有误：不写 --serial "
     "则采用表计自报的编号"},
    {"add.says", "地址 {unit} 在 {ms} 毫秒内应答，自报型号为 {model}。"},
    {"add.looks", "地址 {unit} 在 {ms} 毫秒内应答；电压 {voltage} V 和频率符合 {model}。请核对铭牌。"},
    {"add.reads", "地址 {unit} 在 {ms} 毫秒内应答；它无法自报型号。请核对铭牌。"},
    {"add.serial", "出厂编号为 {told}。"},
    {"add.done", "表计 {meter} 已写入 {file}。"},
    {"add.facility", "已列入设施 {facility}。"},
    {"add.next",
     "下一步：重启网关（systemctl restart jidian），它还不认识这块表；然后运行 jidian read {meter}，与表显核对"},
    {"add.next-alone", "下一步：运行 jidian read {meter}，与表显核对"},
    {"add.next-dry", "未写入任何内容。下一步：去掉 --dry-run 再运行一次"},
});

}  // namespace

std::span<const Sentence> chinese_sentences() {
  return chinese;
}

}  // namespace jidian::app
