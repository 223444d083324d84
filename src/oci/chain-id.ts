import { sha256, type Digest } from "./digest.ts";

/** The ChainID of a stack of layers, bottom first (image-spec, config.md § Layer ChainID); undefined for none. */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  return chainIds(diffIds).at(-1);
}

/** The ChainID of every layer of a stack, bottom first: of what there is up to it. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const [index, diffId] of diffIds.entries()) chain.push(index === 0 ? diffId : sha256(`${chain[index - 1]} ${diffId}`));
  return chain;
}
