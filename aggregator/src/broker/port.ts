export interface Traffic {
  /** Payload bytes that devices sent. */
  readonly bytesUp: number;
  /**
   * Payload bytes that devices were sent. An operator's broker does not tell how many devices heard a message: there
   * it is what the aggregator published.
   */
  readonly bytesDown: number;
}

/** The aggregator's side of a broker: embedded in the process, or an operator's own. */
export interface ServerTransport {
  /**
   * Resolves when the broker has the message (QoS 1: PUBACK or its in-process equal).
   * An empty retained payload clears the topic.
   */
  publish(
    topic: string,
    payload: Uint8Array,
    options: { readonly retain: boolean; readonly qos: 0 | 1 },
  ): Promise<void>;
  /** Delivers every message that matches, in the order of arrival per publisher. The handler never throws. */
  subscribe(filter: string, handler: (topic: string, payload: Uint8Array) => void): Promise<void>;
  /** True when `publish` can reach the broker now. */
  isConnected(): boolean;
  /** Called at each connect and loss. */
  onState(listener: (connected: boolean) => void): void;
  /** Since the start of this process. */
  traffic(): Traffic;
  close(): Promise<void>;
}
