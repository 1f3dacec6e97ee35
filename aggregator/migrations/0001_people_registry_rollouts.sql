CREATE TABLE "audit_entries" (
	"seq" integer PRIMARY KEY NOT NULL,
	"at_ms" bigint NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"details" text NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "evaluation_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"position" bigserial NOT NULL,
	"model" text NOT NULL,
	"state" text NOT NULL,
	"run" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts" (
	"name" text PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"password_hash" text NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"disabled_at_ms" bigint
);
--> statement-breakpoint
CREATE TABLE "api_tokens" (
	"token_id" text PRIMARY KEY NOT NULL,
	"secret_sha256" text NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"account" text,
	"created_at_ms" bigint NOT NULL,
	"expires_at_ms" bigint,
	"last_used_at_ms" bigint,
	"revoked_at_ms" bigint,
	CONSTRAINT "api_tokens_secret_once" UNIQUE("secret_sha256")
);
--> statement-breakpoint
CREATE TABLE "invitations" (
	"code_sha256" text PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"name" text,
	"created_by" text NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"expires_at_ms" bigint NOT NULL,
	"accepted_at_ms" bigint
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"secret_sha256" text PRIMARY KEY NOT NULL,
	"account" text NOT NULL,
	"created_at_ms" bigint NOT NULL,
	"last_used_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_alias_moves" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"alias" text NOT NULL,
	"from_version" integer,
	"to_version" integer,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_aliases" (
	"model" text NOT NULL,
	"alias" text NOT NULL,
	"version" integer NOT NULL,
	"moved_at_ms" bigint NOT NULL,
	CONSTRAINT "model_aliases_once_per_model" PRIMARY KEY("model","alias")
);
--> statement-breakpoint
CREATE TABLE "model_cards" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"revision" integer NOT NULL,
	"card" jsonb NOT NULL,
	"at_ms" bigint NOT NULL,
	CONSTRAINT "model_cards_revision_once" PRIMARY KEY("model","version","revision")
);
--> statement-breakpoint
CREATE TABLE "version_statements" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"actor" text NOT NULL,
	"statement" jsonb NOT NULL,
	"at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "version_tags" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"tag" text NOT NULL,
	CONSTRAINT "version_tags_once_per_version" PRIMARY KEY("model","version","tag")
);
--> statement-breakpoint
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
ALTER TABLE "evaluations" ADD COLUMN "segment" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "results" jsonb;--> statement-breakpoint
ALTER TABLE "model_versions" ADD COLUMN "provenance" jsonb DEFAULT '{"cohortSize":0,"privacySpent":null,"dataWindow":null,"codeVersion":"0.1.0","signer":null}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "model_versions" ADD COLUMN "final_sum" jsonb;--> statement-breakpoint
ALTER TABLE "model_versions" ADD COLUMN "deleted_at_ms" bigint;--> statement-breakpoint
ALTER TABLE "releases" ADD COLUMN "rollout_id" text;--> statement-breakpoint
ALTER TABLE "releases" ADD COLUMN "is_fleet_wide" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_account_accounts_name_fk" FOREIGN KEY ("account") REFERENCES "public"."accounts"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_account_accounts_name_fk" FOREIGN KEY ("account") REFERENCES "public"."accounts"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_aliases" ADD CONSTRAINT "model_aliases_of_a_version" FOREIGN KEY ("model","version") REFERENCES "public"."model_versions"("model","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_cards" ADD CONSTRAINT "model_cards_of_a_version" FOREIGN KEY ("model","version") REFERENCES "public"."model_versions"("model","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "version_statements" ADD CONSTRAINT "version_statements_of_a_version" FOREIGN KEY ("model","version") REFERENCES "public"."model_versions"("model","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "version_tags" ADD CONSTRAINT "version_tags_of_a_version" FOREIGN KEY ("model","version") REFERENCES "public"."model_versions"("model","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rollout_events" ADD CONSTRAINT "rollout_events_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rollout_targets" ADD CONSTRAINT "rollout_targets_rollout_id_rollouts_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."rollouts"("rollout_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "evaluation_runs_of_a_model" ON "evaluation_runs" USING btree ("model","position");--> statement-breakpoint
CREATE INDEX "api_tokens_of_an_account" ON "api_tokens" USING btree ("account");--> statement-breakpoint
CREATE INDEX "sessions_of_an_account" ON "sessions" USING btree ("account");--> statement-breakpoint
CREATE INDEX "device_metrics_of_a_version" ON "device_metrics" USING btree ("model","version");--> statement-breakpoint
CREATE INDEX "rollout_targets_of_a_device" ON "rollout_targets" USING btree ("device_id");--> statement-breakpoint
ALTER TABLE "evaluations" DROP CONSTRAINT "evaluations_once_per_data_set";
--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_once_per_data_set" PRIMARY KEY("model","version","data_set","segment");