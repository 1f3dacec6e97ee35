import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, createWebSocketStream } from "ws";

export const MQTT_WEB_SOCKET_PATH = "/mqtt";
/** A frame may hold several packets, each of which the packet guard bounds. */
const MAX_FRAME_BYTES = 1024 * 1024;
const BUFFER_BYTES = 64 * 1024;

export interface WebSocketDoor {
  /** Takes upgrade requests for `/mqtt` from the server; others get 404 unless somebody else listens for them. */
  attach(server: Server): void;
  /** Takes no more. */
  close(): void;
}

/** MQTT over WebSocket (MQTT 3.1.1, section 6): binary frames of sub-protocol `mqtt`. */
export function createWebSocketDoor(onConnection: (connection: Duplex) => void): WebSocketDoor {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
  });
  const servers = new Set<Server>();
  function onUpgrade(this: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (pathOf(request) !== MQTT_WEB_SOCKET_PATH) {
      if (this.listenerCount("upgrade") === 1)
        socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const highWaterMark = { readableHighWaterMark: BUFFER_BYTES, writableHighWaterMark: BUFFER_BYTES };
      onConnection(createWebSocketStream(webSocket, highWaterMark));
    });
  }
  return {
    attach: (server) => {
      servers.add(server);
      server.on("upgrade", onUpgrade);
    },
    close: () => {
      for (const server of servers) server.off("upgrade", onUpgrade);
      servers.clear();
      sockets.close();
    },
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}
