// Stands in for setpriv, unshare and nsenter where a machine has none of util-linux: takes their command line, does what they do,
// and becomes the program in it, or waits for a copy of itself that becomes it. Before that come the number of the process that
// has started it, and how many descriptors the program is to have.
import { closeSync, openSync, writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { findProgram } from "../linux/find-program.ts";
import { allowFork, awaitSleep, exitStatus, forkProcess, workAlone } from "../linux/fork.ts";
import { bindDeclared } from "../linux/libc.ts";
import { mount, MS } from "../linux/mount.ts";
import { enterNamespace, leaveNamespaces } from "../linux/namespace.ts";
import { dieWithParent, endAtOnce, execute, passDescriptor, replaceDescriptor, restoreSignals } from "../linux/process.ts";
import { duplicate } from "../linux/socket-transfer.ts";
import { launchPlan, type LaunchStep } from "./launch-plan.ts";

const [starter, descriptors, ...words] = process.argv.slice(2);
let isCopy = false;
try {
  bindDeclared();
  flushCompileCache();
  const { steps, program } = launchPlan(words);
  for (const step of steps) take(step);
  become(program);
} catch (error) {
  writeSync(2, `${(error as Error).message}\n`);
  endAtOnce(125);
}

function take(step: LaunchStep): void {
  if (step.kind === "bind") bind();
  else if (step.kind === "fork") fork(step.bound);
  else if (step.kind === "own") {
    leaveNamespaces(step.namespaces);
    if (step.private) mount("none", "/", null, MS.REC | MS.PRIVATE);
  } else {
    const fd = openSync(step.path, "r");
    enterNamespace(fd, step.namespace);
    closeSync(fd);
  }
}

/** The parent may have ended before the kernel could be told to watch it. */
function bind(): void {
  dieWithParent();
  if (!isCopy && process.ppid !== Number(starter)) endAtOnce(1);
}

/** Standard error is the program's, and V8 tells there of each flag that it does not know. */
function workAloneQuietly(): void {
  const [errors, nothing] = [duplicate(2), openSync("/dev/null", "w")];
  replaceDescriptor(nothing, 2);
  workAlone();
  replaceDescriptor(errors, 2);
  for (const fd of [errors, nothing]) closeSync(fd);
}

function fork(bound: boolean): void {
  workAloneQuietly();
  awaitSleep();
  allowFork();
  const child = forkProcess(0);
  if (child !== 0) endAtOnce(exitStatus(child));
  isCopy = true;
  if (bound) dieWithParent();
}

function become([name = "", ...rest]: readonly string[]): never {
  restoreSignals();
  for (let fd = 0; fd < Number(descriptors); fd += 1) passDescriptor(fd);
  return execute(findProgram(name) ?? name, [name, ...rest], Object.entries(process.env).map(([key, value]) => `${key}=${value}`));
}
