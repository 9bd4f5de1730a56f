#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

constexpr auto chinese_of_uplinks = std::to_array<Sentence>({
    {"step.ok", "正常"},
    {"step.warning", "注意"},
    {"step.failed", "失败"},
    {"step.skipped", "未测"},
    {"step.files", "文件"},
    {"step.name", "域名"},
    {"step.port", "端口"},
    {"step.tls", "加密"},
    {"step.certificate", "证书"},
    {"step.login", "登录"},
    {"step.publish", "发布"},
    {"step.subscribe", "订阅"},
    {"step.gateway", "网关"},
    {"step.receipt", "回执"},
    {"step.clock", "时钟"},
    {"uplink.head", "上行通道 {uplink}：{url}"},
    {"uplink.has-none", "站点文件中没有 [[uplink]]；请写一个，见 docs/configuration.md"},
    {"uplink.unknown", "站点文件中没有上行通道“{uplink}”；现有：{ids}"},
    {"uplink.next-ok", "一切正常。下一步：jidian status"},
    {"uplink.next", "下一步：先处理第一项不正常的，再运行 jidian uplink test {uplink}"},
    {"uplink.no-answer", "消息服务器没有应答"},
    {"uplink.files.do", "检查该通道的 password_file、ca_file、certificate_file、key_file；并以网关的用户运行本命令"},
    {"uplink.name.do", "检查 url 中的主机名、网线和域名服务器（/etc/resolv.conf）"},
    {"uplink.name.ok", "{broker} 的地址是 {addresses}"},
    {"uplink.port.do", "检查 url 中的端口和沿途防火墙；服务器是否在运行请问其运维方"},
    {"uplink.port.ok", "{address} 在 {ms} 毫秒内接受连接"},
    {"uplink.tls.none", "url 写的是 mqtt://：不加密，也不核对对方身份"},
    {"uplink.tls.do", "与服务器运维方核对 ca_file 和 url 中的主机名；未经确认不要信任其他证书机构"},
    {"uplink.tls.ok", "{version}，服务器身份无误"},
    {"uplink.certificate.broker", "服务器：{names}，由 {issuer} 签发，有效期至 {until}（{days} 天）"},
    {"uplink.certificate.own", "本机：{names}，由 {issuer} 签发，有效期至 {until}（{days} 天）"},
    {"uplink.certificate.none", "本机不出示证书：凭用户名和密码登录"},
    {"uplink.certificate.expired", "请更换；若本应有效，则是本机时钟不对"},
    {"uplink.certificate.soon", "请现在就更换：过期后数据将无法送达"},
    {"uplink.login.ok", "服务器允许本机登录"},
    {"uplink.login.ok-as", "服务器允许本机以 {user} 登录"},
    {"uplink.login.own-only", "不能在已连接的网关之外另行登录：{why}"},
    {"uplink.login.do", "检查用户名和 password_file 的内容；是否已开户请问服务器运维方"},
    {"uplink.login.do-certificate", "本机是否已开户、用什么名称，请问服务器运维方"},
    {"uplink.publish.ok", "{topic}：服务器在 {ms} 毫秒内确认（PUBACK）；测试不写数据主题"},
    {"uplink.publish.refused", "{topic}：{why}"},
    {"uplink.publish.do", "请运维方在访问控制表中允许该用户写 jidian/v1/<region>/<gateway>/#"},
    {"uplink.publish.slow", "服务器允许登录却不确认：请问其运维方"},
    {"uplink.subscribe.ok", "服务器接受订阅 {topics}（有的服务器接受订阅却不转发：以回执为准）"},
    {"uplink.subscribe.none", "该通道不订阅任何主题"},
    {"uplink.subscribe.do", "请运维方在访问控制表中允许该用户读 jidian/v1/<region>/<gateway>/#"},
    {"uplink.gateway.none", "本机没有运行网关；以下各项需要它"},
    {"uplink.gateway.ok", "已连接；已发布 {published} 批，已确认 {confirmed} 批，待确认 {pending} 批"},
    {"uplink.gateway.away", "运行中的网关未连接：{trouble}"},
    {"uplink.gateway.trouble", "已连接，但是：{trouble}"},
    {"uplink.gateway.rejected", "已连接；有 {rejected} 批被上级平台拒收，仍保留在本机"},
    {"uplink.retried", "{uplinks} 拒收的批次将重新发送；若没有被拒收的批次，则不做任何事。"},
    {"uplink.retried-next", "下一步：jidian status"},
    {"uplink.gateway.retry", "先问平台原因，再运行 jidian uplink retry"},
    {"uplink.gateway.do", "详见 jidian status"},
    {"uplink.receipt.by-broker", "confirm = \"broker\"：不等待平台回执"},
    {"uplink.receipt.no-gateway", "没有运行网关，没有可供平台确认的批次"},
    {"uplink.receipt.ok", "平台在 {seconds} 秒内确认了 {count} 批"},
    {"uplink.receipt.nothing-waits", "{seconds} 秒内没有待确认的批次，因此不会有回执；上次回执：{last}"},
    {"uplink.receipt.missing", "有 {pending} 批待确认，{seconds} 秒内没有一批得到确认；上次回执：{last}"},
    {"uplink.receipt.do", "消息服务器正常，但其后的平台没有应答：请问平台运维方是否订阅了本网关"},
    {"uplink.clock.ok", "已同步；按内核估计误差不超过 {ms} 毫秒（未向其他时钟核对）"},
    {"uplink.clock.loose", "已同步，但内核估计误差可达 {ms} 毫秒"},
    {"uplink.clock.free", "按内核状态，本机时钟未受校时，误差不明"},
    {"uplink.clock.do", "请配置校时（systemd-timesyncd 或 chrony），并使用本机能访问的时间服务器"},
});

}  // namespace

std::span<const Sentence> chinese_uplink_sentences() {
  return chinese_of_uplinks;
}

}  // namespace jidian::app
