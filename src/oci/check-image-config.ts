import { isDigest } from "./digest.ts";

type Check = (value: unknown) => boolean;
type Checks = readonly (readonly [name: string, check: Check])[];

const isText: Check = (value) => typeof value === "string" && !value.includes("\0");
const isTextList: Check = (value) => Array.isArray(value) && value.every(isText);
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTextMap: Check = (value) => isObject(value) && Object.values(value as object).every(isText);

const CONFIG: Checks = Object.entries({
  User: isText, ExposedPorts: isObject, Env: isTextList, Entrypoint: isTextList, Cmd: isTextList, Volumes: isObject, WorkingDir: isText,
  Labels: isTextMap, StopSignal: isText, OnBuild: isTextList, Shell: isTextList,
  Healthcheck: (value) => isObject(value) && wrongMember(value as Record<string, unknown>, [["Test", isTextList]]) === undefined,
});

const HISTORY: Checks = Object.entries({ created: isText, created_by: isText, author: isText, comment: isText });

/**
 * What is wrong with the members of an image config that are used; undefined if nothing is. As Go's decoder has it, null
 * stands for nothing. Commands, paths and environments with NUL bytes mean one thing to us and another to the kernel.
 */
export function imageConfigProblem(document: Readonly<Record<string, unknown>>): string | undefined {
  const { config, rootfs, history } = document;
  const ofRootfs = rootfs == null ? undefined : isObject(rootfs) ? (rootfs as { diff_ids?: unknown }).diff_ids : "none";
  if (ofRootfs != null && !(Array.isArray(ofRootfs) && ofRootfs.every((id) => typeof id === "string" && isDigest(id)))) return "rootfs.diff_ids is not a list of digests";
  if (config != null && !isObject(config)) return "config is not an object";
  const wrong = config == null ? undefined : wrongMember(config as Record<string, unknown>, CONFIG);
  if (wrong !== undefined) return `config.${wrong} has a value that does not fit`;
  if (history != null && !(Array.isArray(history) && history.every((entry) => isObject(entry) && wrongMember(entry as Record<string, unknown>, HISTORY) === undefined))) {
    return "history has an entry that does not fit";
  }
  return undefined;
}

function wrongMember(value: Readonly<Record<string, unknown>>, checks: Checks): string | undefined {
  return checks.find(([name, check]) => value[name] != null && !check(value[name]))?.[0];
}
