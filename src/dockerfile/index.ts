/**
 * `sampan/dockerfile`: reading Dockerfiles and .dockerignore files, without building anything.
 *
 *     import { parseDockerfile } from "sampan/dockerfile";
 *
 *     const { stages } = parseDockerfile("FROM alpine AS base\nRUN apk add git\n");
 *     stages[0].instructions[0]; // { kind: "run", form: "shell", args: ["apk add git"], … }
 *
 * Errors are faults with a code, a hint and, where a text is to blame, its place.
 */
export { formatFrame } from "./code-frame.ts";
export { detectSyntax } from "./directives.ts";
export { dumpDockerfile } from "./dump.ts";
export { parseDuration } from "./duration.ts";
export { expand, type Expansion, type ExpandOptions } from "./expand.ts";
export { compileIgnore, parseIgnoreFile, type IgnoreMatcher } from "./ignore.ts";
export type * from "./instruction.ts";
export { parseDockerfile } from "./parse-dockerfile.ts";
export { parseTrigger } from "./parse-trigger.ts";
export { suggest } from "./suggest.ts";
export { Fault, isFault, type FaultCode, type SourceLocation } from "../std/fault.ts";
