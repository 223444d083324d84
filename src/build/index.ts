/**
 * `sampan`: building images.
 *
 *     import { build } from "sampan";
 *
 *     const { imageId } = await build({
 *       context: ".",
 *       tags: ["registry.example.com/team/app:1.2.0"],
 *       outputs: [{ type: "store" }, { type: "registry" }],
 *       onProgress: (event) => { if (event.type === "step" && event.completed) console.log(event.name); },
 *     });
 *
 * A build needs to be root, or to run in a user namespace: the CLI enters one by itself, a program is started
 * with `unshare --user --map-root-user --map-auto` by an ordinary user.
 */
export { build } from "./build.ts";
export type { BuildOptions, BuildOutput, BuildResult } from "./build-options.ts";
export type { AttestOptions, ProvenanceOptions } from "./attest/provenance-options.ts";
export type { CacheExport, CacheImport, S3Options } from "../cache/cache-options.ts";
export type { SecretSource } from "./secrets.ts";
export type { SshForward } from "./ssh-agents.ts";
export type { Packing } from "./packing.ts";
export type { LogEvent, OnProgress, ProgressEvent, StepEvent, TransferEvent, WarningEvent } from "../std/progress.ts";
export { Fault, isFault, type FaultCode, type SourceLocation } from "../std/fault.ts";
