// What a sandbox child runs that is started for one command. It imports as little as possible, since the command waits
// for its start.
import { flushCompileCache } from "node:module";
import { bindDeclared } from "../linux/libc.ts";
import { assembleFilter } from "../linux/seccomp.ts";
import { contain, reportReady } from "./contain.ts";
import { DEFAULT_PROFILE } from "./seccomp-profile.ts";

reportReady();
const filter = assembleFilter(DEFAULT_PROFILE);
bindDeclared();
flushCompileCache();
process.umask(0o022);
contain(filter);
