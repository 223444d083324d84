import type { Vertex } from "../graph/vertex.ts";

/** How many layers the steps up to this one have put upon their base image. */
export function layerCount(vertex: Vertex): number {
  let count = 0;
  for (let at: Vertex | undefined = vertex; at && at.operation.kind !== "image"; at = at.inputs[0]) count += 1;
  return count;
}

/** The image that the steps up to this one build upon; undefined for the empty file system. */
export function baseOf(vertex: Vertex): Vertex | undefined {
  let at: Vertex | undefined = vertex;
  while (at && at.operation.kind !== "image") at = at.inputs[0];
  return at;
}
