# Train resnet50 for 90 epochs (115,305,030 images)
# on n1-standard-16+2x-nvidia-tesla-t4 (2x t4), gcp asia-southeast1, spot.
# Expected: 55.58 hours (31.60 to 98.35), 23.59 USD (12.78 to 43.84); throughput scaled.
# Price: 0.4038 USD per instance and hour, seen on 2026-05-20, 42 days old.
# Made by: planner export --to it

terraform {
  required_providers {
    google = { source = "hashicorp/google", version = "~> 6.0" }
  }
}

variable "project_id" {
  description = "Project that pays."
  type        = string
}

variable "zone" {
  description = "Zone of asia-southeast1 that has this machine, such as asia-southeast1-a."
  type        = string

  validation {
    condition     = startswith(var.zone, "asia-southeast1-")
    error_message = "The price is that of asia-southeast1."
  }
}

variable "image" {
  description = "Boot image with a driver for the GPUs: project/family or a self link."
  type        = string
}

variable "subnetwork" {
  description = "Subnetwork to start in."
  type        = string
}

variable "system_disk_gb" {
  description = "GB that the image needs; 151 GB for the run come on top."
  type        = number
}

provider "google" {
  project = var.project_id
  region  = "asia-southeast1"
}

resource "google_compute_instance" "training" {
  name         = "resnet50"
  machine_type = "n1-standard-16"
  zone         = var.zone

  guest_accelerator {
    type  = "nvidia-tesla-t4"
    count = 2
  }

  boot_disk {
    initialize_params {
      image = var.image
      size  = var.system_disk_gb + 151
    }
  }

  network_interface {
    subnetwork = var.subnetwork
  }

  scheduling {
    on_host_maintenance         = "TERMINATE"
    provisioning_model          = "SPOT"
    preemptible                 = true
    automatic_restart           = false
    instance_termination_action = "STOP"

    max_run_duration {
      seconds = 1080000
    }
  }
}
