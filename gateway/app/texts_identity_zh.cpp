#include <array>

#include "app/texts_tables.hpp"

// Words: key 密钥, certificate 证书, certificate request 证书申请, authority 证书机构, service port 服务口.
namespace jidian::app {
namespace {

constexpr auto chinese_of_identity = std::to_array<Sentence>({
    {"identity.created", "本机已有密钥（{file}），密钥不会离开本机。指纹 {key}。"},
    {"identity.key", "密钥      {key}（公钥的 SHA-256，前几位）"},
    {"identity.certificate-none", "证书      尚无"},
    {"identity.certificate", "证书      {subject}，由 {issuer} 签发"},
    {"identity.dates", "有效期    {from} 至 {until}：还有 {days} 天"},
    {"identity.fingerprint", "证书指纹  {fingerprint}（SHA-256）"},
    {"identity.next-key", "下一密钥  {key}，等待其证书；在此之前仍用现有密钥"},
    {"identity.clock-behind", "时钟      不对：现在至少是 {now}，日期按此判断"},
    {"identity.exposed",
     "root 以外的用户可以读取密钥，读过的人可以冒充本机：请运行 `jidian identity create --replace`，并吊销其证书。"},
    {"identity.no-certificate", "本机还没有证书。"},
    {"identity.expired", "证书已过期（{until}）：数据无法送达，记录照常进行；新证书可从服务口或 U 盘安装。"},
    {"identity.renew", "证书还有 {days} 天到期（{until}）：请现在就申请下一张。"},
    {"identity.other-gateway", "证书属于“{subject}”，而本网关是“{gateway}”。"},
    {"identity.next-request",
     "下一步：jidian identity request > gateway.csr；请证书机构签发；然后 jidian identity install gateway.crt"},
    {"identity.unchanged", "该证书已在使用，有效期至 {until}。"},
    {"identity.installed", "已安装 {issuer} 签发的证书，有效期至 {until}。"},
    {"identity.installed-next", "已安装 {issuer} 签发的证书，并同时启用新密钥，有效期至 {until}。"},
    {"identity.issuer-unchecked", "未核对签发者；可用 --ca FILE 核对。"},
    {"identity.next-restart",
     "下一步：systemctl restart jidian 使其生效，前提是 [[uplink]] 中 certificate_file 和 key_file 均为 "
     "\"credentials:uplink_gateway.pem\""},
    {"said.identity-none", "本机还没有密钥（{file}）；`jidian identity create` 可生成"},
    {"said.identity-exists", "本机已有密钥（{file}），绝不覆盖；`--replace` 将其移开并另行生成，原有证书随之作废"},
    {"said.identity-unknown", "不知道网关的编号：{why}；请用 --id 给出"},
    {"said.identity-foreign-two",
     "证书既不属于本机密钥 {key}，也不属于下一密钥 {next}；请按 `jidian identity request` 打印的申请签发"},
    {"said.identity-foreign", "证书不属于本机密钥 {key}；请按 `jidian identity request` 打印的申请签发"},
    {"said.identity-shorter", "在用证书有效期更长（至 {present}），该证书只到 {offered}"},
    {"said.identity-with-key", "文件中含有私钥；证书不应附带私钥，本机只用自己的密钥"},
    {"said.identity-no-pem", "其中没有证书（PEM）"},
    {"said.identity-damaged", "其中有一张证书已损坏：{why}"},
    {"said.identity-subject", "证书属于“{subject}”，而本网关是“{gateway}”"},
    {"said.identity-authority", "这是证书机构的证书，不是本机的；本机的证书必须排在文件最前"},
    {"said.identity-purpose", "该证书不能用于客户端；请按扩展用途 clientAuth 签发"},
    {"said.identity-over", "该证书已过期（有效期至 {until}）；请重新签发"},
    {"said.identity-early", "该证书在 {from} 之前无效，而本机时钟为 {now}；请校准时钟，或等待"},
    {"said.identity-issuer",
     "该证书不是由这一证书机构签发的：{why}；文件中本机证书之后还须附上它与证书机构之间的各级证书"},
    {"said.identity-torn", "{file}：密钥与证书不匹配"},
    {"identity.days-left", "证书还有 {days} 天"},
    {"said.certificate-over", "本机证书已于 {day} 过期"},
    {"said.certificate-ends", "本机证书还有 {days} 天到期，即 {day}"},
    {"said.certificate-do",
     "请运行 `jidian identity request` 并送签，然后 `jidian identity install`；也可经服务口或 U 盘"},
});

}  // namespace

std::span<const Sentence> chinese_identity_sentences() {
  return chinese_of_identity;
}

}  // namespace jidian::app
