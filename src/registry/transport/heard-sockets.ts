import type { Agent } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Lets no connection of an agent break unheard: there are moments between two requests, and when one is given up as it
 * gets its connection, in which node:http does not listen to it, and an error would end the whole process. Requests
 * are told of errors all the same.
 */
export function withHeardSockets<Made extends Agent>(agent: Made): Made {
  const connect = agent.createConnection;
  const hear = (socket: Duplex | null | undefined): void => void socket?.on("error", () => undefined);
  agent.createConnection = (options, callback) => {
    const socket = connect.call(agent, options, (error, made) => {
      hear(made);
      callback?.(error, made);
    });
    hear(socket);
    return socket;
  };
  return agent;
}
