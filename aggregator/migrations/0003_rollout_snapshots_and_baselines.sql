CREATE TABLE "rollout_baselines" (
	"rollout_id" text NOT NULL,
	"device_id" text NOT NULL,
	"metrics" jsonb NOT NULL,
	"received_at_ms" bigint NOT NULL,
	CONSTRAINT "rollout_baselines_once" PRIMARY KEY("rollout_id","device_id")
);
--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "snapshot" jsonb;--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "snapshot_targets" jsonb;--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "snapshot_events" integer;--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "is_retired" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "rollouts" ADD COLUMN "baseline_at_ms" bigint;--> statement-breakpoint
ALTER TABLE "rollout_baselines" ADD CONSTRAINT "rollout_baselines_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "rollout_baselines_of_a_device" ON "rollout_baselines" USING btree ("device_id");