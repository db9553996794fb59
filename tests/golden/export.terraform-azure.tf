# Train resnet50 for 90 epochs (115,305,030 images)
# on 2 x Standard_NC64as_T4_v3 (4x t4), azure eastus, on_demand.
# Expected: 14.42 hours (8.10 to 27.17), 125.76 USD (70.64 to 236.92); throughput scaled.
# Price: 4.3520 USD per instance and hour, seen on 2026-05-20, 42 days old.
# Made by: planner export --to it

terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 4.0" }
  }
}

variable "subscription_id" {
  description = "Subscription that pays."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group that exists."
  type        = string
}

variable "subnet_id" {
  description = "Subnet to start in."
  type        = string
}

variable "image_id" {
  description = "Id of an image with a driver for the GPUs."
  type        = string
}

variable "admin_username" {
  description = "User to make on the machine."
  type        = string
}

variable "ssh_public_key" {
  description = "Public SSH key of that user."
  type        = string
}

variable "system_disk_gb" {
  description = "GB that the image needs; 151 GB for the run come on top."
  type        = number
}

provider "azurerm" {
  subscription_id = var.subscription_id

  features {}
}

resource "azurerm_network_interface" "training" {
  count               = 2
  name                = "resnet50-${count.index}"
  location            = "eastus"
  resource_group_name = var.resource_group_name

  ip_configuration {
    name                          = "internal"
    subnet_id                     = var.subnet_id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_linux_virtual_machine" "training" {
  count                 = 2
  name                  = "resnet50-${count.index}"
  location              = "eastus"
  resource_group_name   = var.resource_group_name
  size                  = "Standard_NC64as_T4_v3"
  source_image_id       = var.image_id
  admin_username        = var.admin_username
  network_interface_ids = [azurerm_network_interface.training[count.index].id]

  admin_ssh_key {
    username   = var.admin_username
    public_key = var.ssh_public_key
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
    disk_size_gb         = var.system_disk_gb + 151
  }
}
