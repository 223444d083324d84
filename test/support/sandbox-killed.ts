// Runs a command in a sandbox until somebody kills this process; prints "running" when it has started.
import { SandboxRoot } from "./sandbox-root.ts";

const [folder, runtime, command, user] = process.argv.slice(2) as [string, string, string, string];
const root = await SandboxRoot.create({ runtime, temporary: folder });
root.executor.warm!(2);
await root.executor.run(root.job(command, { user }), {
  onOutput: (_, data) => void process.stdout.write(data),
});
