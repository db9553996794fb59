# Train resnet50 for 90 epochs (115,305,030 images)
# on g5.12xlarge (4x a10g), aws ap-southeast-3, zone apse3-az3, spot.
# Expected: 13.64 hours (8.18 to 22.79), 11.54 USD (4.72 to 28.50); throughput scaled.
# Price: 0.8296 USD per instance and hour, seen on 2025-06-03, 393 days old.
# Made by: planner export --to it

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.0" }
  }
}

variable "ami_id" {
  description = "Image with a driver for the GPUs, in the region of the instance."
  type        = string
}

variable "subnet_id" {
  description = "Subnet to start in."
  type        = string
}

variable "key_name" {
  description = "Name of an SSH key pair; null for none."
  type        = string
  default     = null
}

variable "system_disk_gb" {
  description = "GB that the image needs; 151 GB for the run come on top."
  type        = number
}

provider "aws" {
  region = "ap-southeast-3"
}

data "aws_subnet" "chosen" {
  id = var.subnet_id
}

resource "aws_instance" "training" {
  ami           = var.ami_id
  instance_type = "g5.12xlarge"
  subnet_id     = var.subnet_id
  key_name      = var.key_name
  tags          = { Name = "resnet50" }

  instance_market_options {
    market_type = "spot"
  }

  root_block_device {
    volume_size = var.system_disk_gb + 151
  }

  lifecycle {
    precondition {
      condition     = data.aws_subnet.chosen.availability_zone_id == "apse3-az3"
      error_message = "The price is that of zone apse3-az3: choose a subnet there."
    }
  }
}
