// What a sandbox child runs that is started for one command. It imports as little as possible, since the command waits
// for its start.
import { flushCompileCache } from "node:module";
import { bindDeclared } from "../linux/libc.ts";
import { contain, reportReady } from "./contain.ts";
import { defaultFilter } from "./default-filter.ts";

reportReady();
const filter = defaultFilter();
bindDeclared();
flushCompileCache();
process.umask(0o022);
contain(filter);
