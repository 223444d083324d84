import { sha256, type Digest } from "./digest.ts";

/** The ChainID of a stack of layers, bottom first (image-spec, config.md § Layer ChainID); undefined for none. */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  let chain: Digest | undefined;
  for (const diffId of diffIds) chain = chain === undefined ? diffId : sha256(`${chain} ${diffId}`);
  return chain;
}
