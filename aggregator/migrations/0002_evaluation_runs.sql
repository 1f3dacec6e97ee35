CREATE TABLE "evaluation_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"position" bigserial NOT NULL,
	"model" text NOT NULL,
	"state" text NOT NULL,
	"run" jsonb NOT NULL
);
--> statement-breakpoint
CREATE INDEX "evaluation_runs_of_a_model" ON "evaluation_runs" USING btree ("model","position");