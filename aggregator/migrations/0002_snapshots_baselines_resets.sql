CREATE TABLE "password_resets" (
	"code_sha256" text PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"expires_at_ms" bigint NOT NULL,
	"used_at_ms" bigint
);
--> statement-breakpoint
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
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_account_accounts_name_fk" FOREIGN KEY ("account") REFERENCES "public"."accounts"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rollout_baselines" ADD CONSTRAINT "rollout_baselines_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "password_resets_of_an_account" ON "password_resets" USING btree ("account");--> statement-breakpoint
CREATE INDEX "rollout_baselines_of_a_device" ON "rollout_baselines" USING btree ("device_id");