CREATE TABLE "devices" (
	"device_id" text PRIMARY KEY NOT NULL,
	"public_key" text NOT NULL,
	"enrolled_at_ms" bigint NOT NULL,
	"last_seen_at_ms" bigint NOT NULL,
	"presence" text NOT NULL,
	"session" bigint NOT NULL,
	"runtime_version" text NOT NULL,
	"engine" text NOT NULL,
	"platform" text NOT NULL,
	"serving" jsonb NOT NULL,
	"token_timestamp_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "evaluations" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"data_set" text NOT NULL,
	"num_examples" bigint NOT NULL,
	"accuracy" double precision,
	"loss" double precision NOT NULL,
	"evaluated_at_ms" bigint NOT NULL,
	CONSTRAINT "evaluations_once_per_data_set" PRIMARY KEY("model","version","data_set")
);
--> statement-breakpoint
CREATE TABLE "model_versions" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"manifest" jsonb NOT NULL,
	"checkpoint" jsonb NOT NULL,
	"optimizer_state" jsonb,
	"parent_version" integer,
	"task_id" text,
	"round_id" text,
	"num_updates" bigint NOT NULL,
	"num_examples" bigint NOT NULL,
	"created_at_ms" bigint NOT NULL,
	CONSTRAINT "model_versions_number_once_per_model" PRIMARY KEY("model","version")
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"release_counter" integer PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"released_at_ms" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "round_events" (
	"round_id" text NOT NULL,
	"seq" integer NOT NULL,
	"event" jsonb NOT NULL,
	CONSTRAINT "round_events_seq_once_per_round" PRIMARY KEY("round_id","seq")
);
--> statement-breakpoint
CREATE TABLE "rounds" (
	"round_id" text PRIMARY KEY NOT NULL,
	"task_id" text NOT NULL,
	"number" integer NOT NULL,
	"base_version" integer NOT NULL,
	"opened_at_ms" bigint NOT NULL,
	"is_open" boolean NOT NULL,
	"summary" jsonb NOT NULL,
	CONSTRAINT "rounds_number_once_per_task" UNIQUE("task_id","number")
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"task_id" text PRIMARY KEY NOT NULL,
	"position" bigserial NOT NULL,
	"model" text NOT NULL,
	"config" jsonb NOT NULL,
	"status" text NOT NULL,
	"status_reason" text,
	"created_at_ms" bigint NOT NULL,
	"ended_at_ms" bigint
);
--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_of_a_version" FOREIGN KEY ("model","version") REFERENCES "public"."model_versions"("model","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_of_a_version" FOREIGN KEY ("model","version") REFERENCES "public"."model_versions"("model","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "round_events" ADD CONSTRAINT "round_events_round_id_rounds_round_id_fk" FOREIGN KEY ("round_id") REFERENCES "public"."rounds"("round_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_task_id_tasks_task_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."tasks"("task_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "model_versions_one_per_round" ON "model_versions" USING btree ("round_id") WHERE "model_versions"."round_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "rounds_one_open_per_task" ON "rounds" USING btree ("task_id") WHERE "rounds"."is_open";--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_one_active_per_model" ON "tasks" USING btree ("model") WHERE "tasks"."status" in ('running', 'paused');