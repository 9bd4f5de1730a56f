#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

/// What is said of the plant itself: its load, statements about its meters and marks.
constexpr auto chinese_of_plant = std::to_array<Sentence>({
    {"load.title", "负荷（最近一个已结束的 15 分钟平均值）"},
    {"load.site", "全厂"},
    {"load.unmetered", "未计量"},
    {"load.none", "尚无已结束的 15 分钟"},
    {"load.partial", "，不完整"},
    {"load.spanning", "，含此前中断期间的用量"},
    {"load.month", "本月最大 {value} {unit}，止于 {until}"},
    {"load.month-none", "本月最大值未知"},
    {"load.volume", "合同 {volume} m3/日"},
    {"load.safety", "安全最低 {volume} m3/日"},
    {"load.declared", "申报的应急负荷"},
    {"load.contract", "合同容量 {kva} kVA"},
    {"load.security", "保安负荷 {kw} kW"},
    {"load.interruptible", "可中断 {kw} kW，需 {minutes} 分钟"},
    {"load.adjustable", "可调节 {kw} kW，需 {minutes} 分钟"},
    {"statement.no-gateway",
     "{socket} 处没有网关应答；jidian {verb} 须由运行中的网关办理，只有它能写入记录。请启动：systemctl start "
     "jidian，或 "
     "jidian run --site {site}"},
    {"statement.no-utf8", "有一段文字不是 UTF-8 编码；请用 UTF-8 书写"},
    {"signoff.head", "{meter}：{point}，读于 {read}"},
    {"signoff.mark-ok", "[ 合格 ]"},
    {"signoff.mark-failed", "[不合格]"},
    {"signoff.mark-unknown", "[未判定]"},
    {"signoff.energy.ok", "电量：表显 {display} {unit}，读数 {reading} {unit}；相差 {difference}，允许 {allowed}"},
    {"signoff.energy.differs",
     "电量：表显 {display} {unit}，读数 {reading} {unit}；相差 {difference}，允许 {allowed}。变比和 10 "
     "的幂都不能解释：是否就是这只表、这个计数？"},
    {"signoff.energy.display_larger",
     "电量：表显 {display} {unit}，读数 {reading} {unit}；相差 {difference}，允许 {allowed}。表显是读数的 {times} "
     "倍：{reason}"},
    {"signoff.energy.reading_larger",
     "电量：表显 {display} {unit}，读数 {reading} {unit}；相差 {difference}，允许 {allowed}。读数是表显的 {times} "
     "倍：{reason}"},
    {"signoff.by-ct", "等于电流互感器变比 {ct}"},
    {"signoff.by-pt", "等于电压互感器变比 {pt}"},
    {"signoff.by-ten",
     "是 10 的幂，10^{ten}：小数点位置不对，或表显单位不是 {unit}：请在数字后写明单位，如 \"48.2 MWh\""},
    {"signoff.and", "，且"},
    {"signoff.ct_ratio.ok", "电流互感器变比：申报 {declared}，表内 {told}"},
    {"signoff.ct_ratio.differs",
     "电流互感器变比：申报 {declared}，即 {ratio}，但表内寄存器为 "
     "{told}。请核对互感器铭牌，然后改正站点文件或表内设置"},
    {"signoff.ct_ratio.inverted", "电流互感器变比：申报 {declared}，一次值小于二次值：请先写一次值，如 200/5"},
    {"signoff.ct_ratio.absent", "电流互感器变比：申报 {declared}；该表不提供变比。请核对互感器铭牌"},
    {"signoff.pt_ratio.ok", "电压互感器变比：申报 {declared}，表内 {told}"},
    {"signoff.pt_ratio.differs",
     "电压互感器变比：申报 {declared}，即 {ratio}，但表内寄存器为 "
     "{told}。请核对互感器铭牌，然后改正站点文件或表内设置"},
    {"signoff.pt_ratio.inverted", "电压互感器变比：申报 {declared}，一次值小于二次值：请先写一次值，如 10000/100"},
    {"signoff.pt_ratio.absent", "电压互感器变比：申报 {declared}；该表不提供变比。请核对互感器铭牌"},
    {"signoff.voltage.ok", "电压：{voltages} V"},
    {"signoff.voltage.missing", "电压：{voltages} V。{phases} 无电压：检查该相电压回路的熔断器和端子"},
    {"signoff.voltage.unbalanced", "电压：{voltages} V。三相相差超过十分之一：检查中性线和端子"},
    {"signoff.voltage.unusual", "电压：{voltages} V，不接近任何常用电压：检查电压互感器变比和表型"},
    {"signoff.voltage.absent", "电压：该表不提供"},
    {"signoff.phase_sum.ok", "分相之和：{powers} 合计 {sum}，总功率 {total} kW"},
    {"signoff.phase_sum.differs", "分相之和：{powers} 合计 {sum}，但总功率为 {total} kW。检查表计接线方式和表型"},
    {"signoff.phase_sum.absent", "分相之和：该表不同时提供分相功率和总功率"},
    {"signoff.phase_sign.ok", "互感器方向：{powers} kW，各相均为用电"},
    {"signoff.phase_sign.no_load", "互感器方向：没有负荷，无法判断；请先投入负荷再核对"},
    {"signoff.phase_sign.feeds_back", "互感器方向：{powers} kW，各相均为送电，与发电设备相符"},
    {"signoff.phase_sign.reversed",
     "互感器方向：{powers} kW。{phases} 与其余各相相反：对调该相 S1 与 S2，或者该相互感器与电压不同相"},
    {"signoff.phase_sign.all_reversed",
     "互感器方向：{powers} kW，各相均为送电，而此表后面没有发电设备：互感器全部接反，或进线与出线侧对调"},
    {"signoff.phase_sign.absent", "互感器方向：该表不提供分相功率"},
    {"signoff.power_factor.ok", "功率因数：{factors}"},
    {"signoff.power_factor.no_load", "功率因数：没有负荷，无法判断"},
    {"signoff.power_factor.too_large", "功率因数：{factors}，大于 1：检查表型"},
    {"signoff.power_factor.odd", "功率因数：{factors}。{phases} 比其余各相低得多：该处电压与电流不同相"},
    {"signoff.power_factor.sign", "功率因数：{factors}。{phases} 的符号与其功率不符，其余各相相符：检查该相互感器"},
    {"signoff.power_factor.absent", "功率因数：该表不提供分相数值"},
    {"signoff.phase_order.ok", "相序：正确"},
    {"signoff.phase_order.left", "相序：逆相序。请对调电压回路的两相"},
    {"signoff.phase_order.absent", "相序：该表不提供电压相角；请用相序表检查"},
    {"signoff.done", "{by}（用户 {user}）已核对合格，已记录在案。下一步：核对下一只表，或 jidian doctor BUS"},
    {"signoff.accepted", "{by}（用户 {user}）在有不合格项的情况下予以认可，连同理由已记录在案。"},
    {"signoff.refused", "未核对通过，没有记录。下一步：排除不合格项后重新核对；确须如此时，用 --accept \"理由\""},
    {"replace.done",
     "{meter}：旧表 {old_serial} 止于 {old_final} {unit}，新表 {new_serial} 自 {new_start} {unit} "
     "起计（{point}），时间 "
     "{at}。已记录在案，办理人 {by}（用户 {user}）。"},
    {"replace.gained",
     "自旧表最后计数 {before}（{before_at}）至新表 {after}（{after_at}）：其间累计 {gained} 个寄存器计数。"},
    {"replace.nothing-before", "记录中没有旧表的数据；累计从新表开始。"},
    {"replace.no-serial", "新表不提供编号；可用 --serial 记录在案。"},
    {"replace.serial-written", "{site} 中 {meter} 的编号已改为 {new_serial}。"},
    {"replace.serial-not-written",
     "已记录在案，但站点文件未改动：{why}。请在 {site} 的 [[meter]] \"{meter}\" 中写入 serial = "
     "\"{new_serial}\"；在此之前由网关记住。"},
    {"replace.next", "下一步：jidian signoff {meter} --display …"},
    {"mark.whole-site", "全厂"},
    {"mark.what", "请说明标记对象：表计或设施的 id，全厂用 --all；结束标记用 --end ID（jidian marks 列出标记）"},
    {"mark.done", "{subject}：{mark}，自 {from} 至 {until}。已记录在案，编号 {id}，办理人 {by}（用户 {user}）。"},
    {"mark.done-open",
     "{subject}：{mark}，自 {from} 起，至另行结束。已记录在案，编号 {id}，办理人 {by}（用户 {user}）。"},
    {"mark.late", "该标记迟报 {late_s} 秒：{told_at} 之前已记录的数值不变，记录中可见申报时间。"},
    {"mark.ended", "{subject}：{mark}，自 {from} 起，于 {until} 结束。已记录在案，办理人 {by}（用户 {user}）。"},
    {"mark.withdrawn", "{subject}：自 {from} 起的 {mark} 已撤回。已记录在案，办理人 {by}（用户 {user}）。"},
    {"mark.next", "下一步：jidian marks 列出有效标记；jidian mark --end {id} 结束该标记"},
    {"marks.line", "{id}  {subject}  {mark}  自 {from} 至 {until}  {reason}（{by}）"},
    {"marks.line-open", "{id}  {subject}  {mark}  自 {from} 起，至另行结束  {reason}（{by}）"},
    {"marks.ahead", "[未开始]"},
    {"marks.none", "没有标记。下一步：jidian mark 表计 --as maintenance --reason …"},
    {"marks.next", "下一步：jidian mark --end ID 结束标记"},
});

}  // namespace

std::span<const Sentence> chinese_plant_sentences() {
  return chinese_of_plant;
}

}  // namespace jidian::app
