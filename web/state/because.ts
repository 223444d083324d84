import type { Because } from "../../src/server/api/answers.ts";
import { chineseCauses, chineseReasons } from "./reasons-chinese.ts";
import { currentLanguage } from "./words.ts";

const RIGHTS: Readonly<Record<string, string>> = { pull: "拉取", push: "推送", retag: "移动标签", delete: "删除", sign: "签名", scan: "扫描", admin: "管理" };
const KINDS: Readonly<Record<string, string>> = { group: "组", user: "用户", robot: "机器人" };
const WHO: Readonly<Record<string, string>> = { anonymous: "任何人", authenticated: "已登录者", user: "已登录者", "its own scope": "自身范围", "scope of the token": "令牌范围" };
const UNITS: Readonly<Record<string, string>> = { minute: "分钟", hour: "小时", day: "天" };

/** The reasons in the language of the page; `said` where that is the registry's, or it has no words for one of them. */
export function because(said: string, reasons: readonly Because[]): string {
  if (currentLanguage() !== "zh" || reasons.length === 0 || !reasons.every(({ code }) => Object.hasOwn(chineseReasons, code))) return said;
  return reasons.map(({ code, values, rule }) => `${fill(chineseReasons[code]!, values)}${rule === undefined ? "" : `（${rule}）`}`).join("；");
}

/** `writer on team/** (group:core)`, as the registry writes a grant. */
function grant(text: string): string {
  const [, role, patterns, who] = /^(\S+) on ([^()]+) \((.+)\)$/.exec(text) ?? [];
  return who === undefined ? text : `${patterns} 的 ${role} 角色（${who.split(", ").map(whom).join("、")}）`;
}

function whom(word: string): string {
  if (Object.hasOwn(WHO, word)) return WHO[word]!;
  const [, kind, name] = /^(group|user|robot):(.+)$/.exec(word) ?? [];
  return name === undefined ? `用户 ${word}` : `${KINDS[kind!]} ${name}`;
}

function fill(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replace(/\{(\w+)\}/g, (_match, name: string) => {
    const value = values[name] ?? "";
    if (name === "right") return RIGHTS[value] ?? value;
    if (name === "kind") return value === "robot" ? "机器人" : "令牌";
    if (name === "who") return value.replace(/^user /, "用户 ").replace(/^robot /, "机器人 ");
    if (name === "reason") return chineseCauses[value] ?? value;
    if (name === "grant" || name === "grants") return value.split("; ").map(grant).join("；");
    return name === "age" ? value.replace(/^(\d+) (minute|hour|day)s?$/, (_all, count: string, unit: string) => `${count} ${UNITS[unit]}`) : value;
  });
}
