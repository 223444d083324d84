/** The beginning of a digest; the whole shows on the pointer. */
export function ShortDigest({ digest }: { digest: string }) {
  return <code class="digest" title={digest}>{digest.replace(/^(sha\d+:.{12}).*$/, "$1")}</code>;
}
