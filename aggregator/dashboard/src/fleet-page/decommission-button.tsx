import { useState } from "react";
import type { DeviceData } from "../data/api-types.js";
import { refusalReason } from "../data/session.js";
import { useSession } from "../data/session-context.js";
import { ActionButton } from "../parts/action-button.js";
import { ConfirmDialog } from "../parts/confirm-dialog.js";
import { isDecommissioned } from "./device-columns.js";

/** Takes the device out of service, after asking. */
export function DecommissionButton(props: {
  readonly device: DeviceData;
  readonly path: string;
  readonly onChanged: () => void;
}) {
  const { device } = props;
  const { session, api } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const [isDone, setIsDone] = useState(false);
  const isOut = isDone || isDecommissioned(device);
  const decommission = async (reason: string): Promise<void> => {
    await api.post(`${props.path}/decommission`, { reason });
    setIsDone(true);
    props.onChanged();
  };
  return (
    <div className="device-actions">
      <ActionButton
        label="Decommission"
        tone="danger"
        refusal={isOut ? "This device is out of service already." : refusalReason(session, "devices")}
        onPress={() => setIsAsking(true)}
        testId="decommission"
      />
      <span role="status" className="quiet" data-testid="decommission-status">
        {isOut ? "Out of service: it is refused, and rollouts go on without it." : ""}
      </span>
      {isAsking && (
        <DecommissionDialog
          deviceId={device.deviceId}
          onConfirm={decommission}
          onClose={() => setIsAsking(false)}
        />
      )}
    </div>
  );
}

function DecommissionDialog(props: {
  readonly deviceId: string;
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly onClose: () => void;
}) {
  return (
    <ConfirmDialog
      title={`Take ${props.deviceId} out of service?`}
      confirmLabel="Decommission this device"
      isDangerous
      wantsReason
      onConfirm={props.onConfirm}
      onClose={props.onClose}
      testId="dialog"
    >
      <p>
        This one device loses its access for good: its tokens are refused, its connection ends, and every
        rollout goes on without it. Its record and its timeline stay. It cannot be taken back.
      </p>
    </ConfirmDialog>
  );
}
