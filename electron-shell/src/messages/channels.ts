/** From the page: it wants a line to the device. */
export const CONNECT = "fedge:connect";
/** To the page: the line, as a port. */
export const PORT = "fedge:port";
/** To the page: the device's process has ended; what the line was asked is not answered. */
export const ENDED = "fedge:ended";
/** To the page: there will be no line. Carries why. */
export const GONE = "fedge:gone";
/** From the page: its person wants the device to train now, whatever the conditions. */
export const TRAIN_NOW = "fedge:train-now";
