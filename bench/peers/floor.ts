import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../measure/run-measured.ts";
import { findProgram } from "../../test/support/find-program.ts";
import type { Workspace } from "../setup/workspace.ts";
import type { Peer } from "./peer.ts";

/** The layers of a `docker save` archive as gzip files: what others do in their first push is done before. */
const TAKE = `mkdir -p "$1/in" && tar -xf "$2" -C "$1/in" && find "$1/in" -type f -size +64k -exec gzip -1 -n '{}' ';' && find "$1/in" -name '*.gz' > "$1/files" && test -s "$1/files"`;

/** Two at a time, as there are cores: hash, open an upload, send. */
const PUSH = `send() {
  sum=$(sha256sum "$1" | cut -d' ' -f1)
  place=$(curl -fsS -X POST -o /dev/null -D - "http://$2/v2/$3/blobs/uploads/" | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
  case $place in http*) ;; *) place="http://$2$place" ;; esac
  case $place in *\\?*) sign='&' ;; *) sign='?' ;; esac
  curl -fsS -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T "$1" "$place$sign"digest=sha256:$sum && echo "$sum" >> "$4/blobs"
}
count=0
while read -r file; do
  send "$file" "$2" "$3" "$1" &
  count=$((count + 1)); [ $((count % 2)) = 0 ] && wait
done < "$1/files"; wait; [ "$(sort -u "$1/blobs" | wc -l)" -ge 1 ]`;

const PULL = `count=0
for sum in $(sort -u "$1/blobs"); do
  { curl -fsS "http://$2/v2/$3/blobs/sha256:$sum" | tee "$1/$sum.out" | sha256sum | grep -q "$sum" || kill $$; } &
  count=$((count + 1)); [ $((count % 2)) = 0 ] && wait
done; wait`;

/**
 * What loopback and sha256 allow: curl and sha256sum carry layers that are compressed already, without manifests, unpacking
 * or a look at what is there. No tool that does all of that can be faster.
 */
export async function createFloor(workspace: Workspace): Promise<Peer | string> {
  if (findProgram("curl") === undefined) return "curl is not installed";
  const root = workspace.folder("floor");
  const folderOf = (image: string): string => {
    const folder = join(root, image.replaceAll(/[^\w.-]/g, "_"));
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  const call = (script: string, ...args: string[]): Command => ({ program: "sh", args: ["-c", script, "floor", ...args] });
  const placeOf = (image: string): [string, string] => {
    const slash = image.indexOf("/");
    return [image.slice(0, slash), image.slice(slash + 1).replace(/:[^:/]*$/, "")];
  };
  return {
    name: "floor",
    version: "curl and sha256sum",
    daemons: [],
    floor: true,
    take: ({ archive }, image) => [call(TAKE, folderOf(image), archive)],
    push: (image) => [call(PUSH, folderOf(image), ...placeOf(image))],
    pull: (image) => [call(PULL, folderOf(image), ...placeOf(image))],
    [Symbol.asyncDispose]: async () => undefined,
  };
}
