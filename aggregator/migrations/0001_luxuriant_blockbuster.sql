CREATE TABLE "device_groups" (
	"name" text PRIMARY KEY NOT NULL,
	"filter" text NOT NULL,
	"changed_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "device_metrics" (
	"device_id" text NOT NULL,
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"installation" bigint NOT NULL,
	"metrics" jsonb NOT NULL,
	"received_at_ms" bigint NOT NULL,
	CONSTRAINT "device_metrics_once" PRIMARY KEY("device_id","model","version")
);
--> statement-breakpoint
CREATE TABLE "rollout_events" (
	"rollout_id" text NOT NULL,
	"seq" integer NOT NULL,
	"event" jsonb NOT NULL,
	CONSTRAINT "rollout_events_seq_once_per_rollout" PRIMARY KEY("rollout_id","seq")
);
--> statement-breakpoint
CREATE TABLE "rollout_targets" (
	"rollout_id" text NOT NULL,
	"device_id" text NOT NULL,
	"wave" integer NOT NULL,
	"state" text NOT NULL,
	"attempt" integer NOT NULL,
	"code" text,
	"message" text,
	"changed_at_ms" bigint NOT NULL,
	CONSTRAINT "rollout_targets_once_per_rollout" PRIMARY KEY("rollout_id","device_id")
);
--> statement-breakpoint
CREATE TABLE "rollouts" (
	"rollout_id" text PRIMARY KEY NOT NULL,
	"position" bigserial NOT NULL
);
--> statement-breakpoint
ALTER TABLE "devices" ADD COLUMN "attributes" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "devices" ADD COLUMN "tags" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "devices" ADD COLUMN "decommissioned_at_ms" bigint;--> statement-breakpoint
ALTER TABLE "releases" ADD COLUMN "rollout_id" text;--> statement-breakpoint
ALTER TABLE "releases" ADD COLUMN "is_fleet_wide" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "rollout_events" ADD CONSTRAINT "rollout_events_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rollout_targets" ADD CONSTRAINT "rollout_targets_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "device_metrics_of_a_version" ON "device_metrics" USING btree ("model","version");--> statement-breakpoint
CREATE INDEX "rollout_targets_of_a_device" ON "rollout_targets" USING btree ("device_id");