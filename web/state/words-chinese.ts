import type { Word } from "./words-english.ts";

export const chinese: Readonly<Record<Word, string>> = {
  registry: "镜像仓库", skip: "跳到正文", views: "页面", language: "English", dark: "深色", light: "浅色",
  repositories: "仓库", retention: "保留策略", trash: "回收站", audit: "审计", usage: "存储", access: "权限",
  logIn: "登录", logOut: "退出", user: "用户名", password: "密码", loginHint: "与 docker login 使用相同的用户名和密码。",
  loading: "正在加载…", failed: "操作未成功", unreachable: "无法连接到镜像仓库。请检查服务和网络。", again: "重试",
  needLogin: "登录后可查看更多内容。", denied: "请向该仓库的管理员申请权限。", missing: "它可能已被删除，或者您无权查看。",
  search: "搜索仓库", searchHint: "按 / 键搜索", name: "名称", tags: "标签", size: "大小", pushed: "推送时间", more: "显示更多",
  noRepositories: "这里还没有内容", noRepositoriesHint: "推送一个镜像后，它会出现在这里：", noMatch: "没有名称包含 {words} 的仓库", noMatchHint: "请搜索名称的一部分，或查看全部仓库。", all: "全部仓库",
  noneSeen: "没有您可以查看的内容", noneSeenHint: "请登录，或申请拉取权限。",
  tag: "标签", platforms: "平台", by: "由 {user}", pulls: "拉取次数", pulled: "上次拉取：{age}", neverPulled: "从未拉取", referrers: "引用", immutable: "不可变",
  noTags: "没有标签", noTagsHint: "没有标签的镜像在回收之前仍会保留。推送一个带标签的镜像：", compare: "比较", compareHint: "选择两个标签进行比较。", choose: "选择 {tag} 进行比较",
  copy: "复制", copied: "已复制", pullIt: "拉取", copyIt: "复制到其他镜像仓库",
  image: "镜像", digest: "摘要", type: "类型", created: "创建时间", platform: "平台", layers: "层", history: "历史", config: "配置", annotations: "注解",
  step: "步骤", noLayer: "无层", noReferrers: "没有内容引用此镜像：这里没有它的签名或 SBOM。", artifact: "种类", setting: "设置", value: "值", otherPlatform: "证明",
  diff: "比较", inBoth: "相同", onlyFrom: "移除", onlyTo: "新增", sameLayers: "两者的层相同。", sameConfig: "两者的配置相同。", before: "之前", after: "之后", shared: "相同 {size}，新增 {added}，移除 {removed}",
  explain: "解释", repository: "仓库", accessHint: "某人在仓库中可以做什么，以及由哪条授权决定。", accessFor: "用户（留空表示自己）", right: "权限", allowed: "允许", refused: "拒绝", reason: "原因",
  retentionHint: "规则对每个标签的判定。执行之前不会删除任何内容。", keeps: "保留", deletes: "删除", apply: "删除 {count} 个标签", applyAsk: "删除 {repository} 的 {count} 个标签？在 {period} 内可以恢复。", applyAskForGood: "永久删除 {repository} 的 {count} 个标签？", cancel: "取消", applied: "已删除 {deleted} 个标签；{changed} 个已有变化，予以保留。", nothingGoes: "没有要删除的内容：所有标签都保留。",
  noRules: "没有规则", noRulesHint: "配置中没有适用于您可见仓库的规则。下面的规则保留最近三个版本：", onlyDeletes: "仅显示要删除的",
  noTrash: "回收站为空", noTrashHint: "保留策略删除的标签会在这里保留一段时间，并可恢复。", restore: "恢复", restored: "{tag} 已恢复。", deleted: "删除时间", expires: "彻底删除",
  when: "时间", what: "变更", who: "用户", from: "来源", noAudit: "没有可显示的变更", noAuditHint: "这里列出您所管理仓库中的每项变更。",
  usageSum: "{count} 个仓库，共 {size}", usageStored: "磁盘上 {size}：共享的内容只保存一份", noUsage: "还没有存储任何内容", usagePicture: "按大小显示的仓库", days: "{count} 天", hours: "{count} 小时",
};
